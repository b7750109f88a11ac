/* flood - many workers with many functions that all connect at once.
 *
 *   cc -O2 -o flood flood.c
 *   ./flood -p 4730 -n 500 -x 500 -d 3     for three seconds: 500 workers connect, each registers the
 *                                          same 500 functions and sleeps; when the server has handled
 *                                          it all, they leave and come back
 *   ./flood -p 4730 -d 9 -e 3              the same, but they come back every three seconds
 *   ./flood -p 4730 -n 1 -x 10000 -k       one worker with 10000 functions that stays until its
 *                                          standard input ends
 *
 * -F is the beginning of function names; -T is the time limit in seconds.
 * Prints one line of key=value pairs when the last round is over, or with -k when all are connected.
 */
#include "gear.h"

static void on_packet(conn_t *c, uint32_t type, char *p, uint32_t n) {
  (void)p; (void)n;
  if (type == ECHO_RES) c->echoed = 1; else fault("a worker got a packet of type", type);
}

int main(int argc, char **argv) {
  int o, workers = 500, functions = 500, keep = 0; long max_s = 300; double duration = 1, every = 0; const char *prefix = "flood";
  program = "flood";
  while ((o = getopt(argc, argv, "H:p:n:x:d:e:kF:T:")) != -1) switch (o) {
    case 'H': host = optarg; break; case 'p': port = atoi(optarg); break; case 'n': workers = atoi(optarg); break;
    case 'x': functions = atoi(optarg); break; case 'd': duration = atof(optarg); break; case 'e': every = atof(optarg); break; case 'k': keep = 1; break;
    case 'F': prefix = optarg; break; case 'T': max_s = atol(optarg); break; default: return 2; }
  raise_files(); ep = epoll_create1(EPOLL_CLOEXEC);
  uint64_t t0 = now(), limit = t0 + max_s * 1000000000ull, took[100000]; long rounds = 0;
  conn_t **cs = must(calloc(workers, sizeof *cs)); struct epoll_event ev[1024];
  do {
    uint64_t t = now();
    for (int i = 0; i < workers; i++) {
      conn_t *c = cs[i] = open_conn(0);
      for (int f = 0; f < functions; f++) can_do(&c->out, prefix, f);
      hdr(&c->out, PRE_SLEEP, 0); hdr(&c->out, ECHO_REQ, 4); put(&c->out, "sync", 4); flush(c);
    }
    for (int i = 0; i < workers;) {
      if (cs[i]->echoed) { i++; continue; }
      int k = epoll_wait(ep, ev, 1024, 1000);
      for (int j = 0; j < k; j++) { flush(ev[j].data.ptr); if (ev[j].events & ~EPOLLOUT) receive(ev[j].data.ptr); }
      if (now() > limit) { fprintf(stderr, "flood: time limit in round %ld\n", rounds + 1); return 1; }
    }
    took[rounds++] = now() - t;
    if (keep) break;
    for (int i = 0; i < workers; i++) close_conn(cs[i]);
    double wait = rounds * every - (now() - t0) / 1e9; if (wait > 0) usleep(wait * 1e6);
  } while (now() - t0 < duration * 1e9 && rounds < 100000);
  double s = 0; for (long i = 0; i < rounds; i++) s += took[i] / 1e9;
  qsort(took, rounds, 8, by_size);
  printf("rounds=%ld errors=%ld round_s=%.4f longest_round_s=%.4f registrations_per_s=%.0f\n", rounds, errors, took[rounds / 2] / 1e9, took[rounds - 1] / 1e9, (double)rounds * workers * functions / s);
  fflush(stdout);
  if (keep) for (char b; read(0, &b, 1) > 0;) ;
  return errors ? 1 : 0;
}
