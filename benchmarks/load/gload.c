/* gload - load generator for Gearman job servers.
 *
 * One single-threaded epoll process plays all the clients and all the workers, so that the server
 * under test is the only other busy process.
 *
 *   cc -O2 -o gload gload.c                    (-DWITH_TLS ... -lssl -lcrypto for the option -t)
 *   ./gload -p 4730 -n 200000 -c 8 -w 8 -W 32 -s 64           foreground round trips
 *   ./gload -p 4730 -d 3 -c 8 -w 8 -W 32 -s 64                the same for three seconds
 *   ./gload -p 4730 -n 200000 -c 8 -w 8 -W 32 -s 64 -b        background: submit and drain together
 *   ./gload -p 4730 -n 1000000 -c 8 -W 64 -S                  submit only (fills the queue)
 *   ./gload -p 4730 -n 1000000 -w 8 -D                        drain only (empties the queue)
 *   ./gload -p 4730 -d 3 -c 1 -w 1 -W 1                       latency of one job at a time
 *   ./gload -p 4730 -d 3 -r 500                               500 jobs a second by the clock
 *   ./gload -p 4730 -d 3 -i 1000                              the same beside 1000 sleeping workers of that function
 *   ./gload -p 4730 -d 3 -I 10000                             the same beside 10000 workers of another function
 *   ./gload -p 4730 -d 3 -c 1000 -J                           all clients join one unique, round after round
 *
 * -B N leaves at most N jobs of the background unfinished, so that a queue neither grows nor runs dry;
 * -f N spreads the jobs over N functions, which every worker has; -u gives every job a unique of its
 * own; -F is the beginning of function names; -O is the number of the first job; -P PID reads that
 * process's CPU time and memory before and after; -T is the time limit in seconds.
 *
 * Connections are made 16 at a time, which even the shortest backlog takes without losing one.
 *
 * Latency is from submission to result; in the background from submission to the worker; with -S from
 * submission to JOB_CREATED; with -r from the moment when the job was due, so that a server that
 * stands still is charged for every job it kept waiting, submitted or not.
 *
 * Every job carries its number.  A job that is lost, run twice or comes back changed is an error.
 * Prints one line of key=value pairs; times in microseconds, sizes in KiB. Exit 1 on any error.
 */
#include "gear.h"

enum { CLIENT, WORKER, OTHER };
enum { HEAD = 16 };      /* of a workload: when it was submitted, and its number */

static int nclients = 1, nworkers = 1, window = 1, psize = 64, bg, submit_only, drain_only, nfunc = 1, uniq, join,
           idle, others, backlog, srvpid, started;
static long njobs = -1, base, submitted, created, completed, executed;
static double duration, rate;
static const char *prefix = "bench";
static uint64_t deadline, *lat; static size_t nlat, cap_lat;
static uint8_t *ran, *done; static size_t cap_seen;
static char *payload;

static void measured(uint64_t from) {
  if (nlat == cap_lat) { cap_lat = cap_lat ? cap_lat * 2 : 65536; lat = must(realloc(lat, cap_lat * 8)); }
  lat[nlat++] = now() - from;
}
/* Note that job `id` was seen in `table`; only one that was submitted, and only once. */
static void saw(uint8_t **table, uint64_t id, const char *twice) {
  size_t i = id - base;
  if (id < (uint64_t)base || (long)i >= (drain_only ? njobs : submitted)) { fault("a job that nobody submitted", id); return; }
  if (i / 8 >= cap_seen) {
    size_t n = cap_seen ? cap_seen : 4096; while (n <= i / 8) n *= 2;
    ran = must(realloc(ran, n)); done = must(realloc(done, n)); memset(ran + cap_seen, 0, n - cap_seen); memset(done + cap_seen, 0, n - cap_seen); cap_seen = n;
  }
  if ((*table)[i / 8] & 1 << i % 8) fault(twice, id);
  (*table)[i / 8] |= 1 << i % 8;
}
static int may_submit(void) { return (njobs < 0 || submitted < njobs) && (!deadline || now() < deadline); }
static int has_room(void) { return !backlog || submitted - executed < backlog; }
static void submit(conn_t *c, uint64_t t) {
  char f[64], u[64] = ""; long id = base + submitted++;
  int fl = snprintf(f, sizeof f, "%s%ld", prefix, id % nfunc) + 1;
  int ul = (join ? snprintf(u, sizeof u, "one") : uniq ? snprintf(u, sizeof u, "u%ld", id) : 0) + 1;
  hdr(&c->out, bg ? SUBMIT_JOB_BG : SUBMIT_JOB, fl + ul + psize);
  put(&c->out, f, fl); put(&c->out, u, ul);
  memcpy(payload, &t, 8); memcpy(payload + 8, &id, 8); put(&c->out, payload, psize);
  c->outstanding++;
  if (submit_only) {
    if (!c->ask_cap) { c->ask_cap = window; c->asked = must(calloc(window, 8)); }
    c->asked[c->ask_tail++ % c->ask_cap] = t;
  }
}
static void fill(conn_t *c) {
  if (!started || join || rate) return;    /* the last two are submitted by the round and by the clock */
  while (c->outstanding < window && has_room() && may_submit()) submit(c, now());
}

static void as_client(conn_t *c, uint32_t type, char *p, uint32_t n) {
  if (type == JOB_CREATED) {
    created++;
    if (submit_only) measured(c->asked[c->ask_head++ % c->ask_cap]);
    if (bg) c->outstanding--;
  } else if (type == WORK_COMPLETE) {
    char *d = memchr(p, 0, n); uint64_t t, id;
    completed++; c->outstanding--;
    if (!d || p + n - ++d != psize) { fault("a result of another size", n); return; }
    memcpy(&t, d, 8); memcpy(&id, d + 8, 8); measured(t);
    if (!join) saw(&done, id, "a result that came twice");
  } else { c->outstanding--; fault("a client got a packet of type", type); }
}
static void as_worker(conn_t *c, uint32_t type, char *p, uint32_t n) {
  if (type == JOB_ASSIGN) {
    char *fn = memchr(p, 0, n), *a = fn ? memchr(fn + 1, 0, p + n - fn - 1) : 0; uint64_t t, id;
    if (!a || p + n - ++a != psize) { fault("a workload of another size", n); return; }
    memcpy(&t, a, 8); memcpy(&id, a + 8, 8); saw(&ran, id, "a job that ran twice"); executed++;
    if (bg) measured(t);
    int hl = fn - p;
    hdr(&c->out, WORK_COMPLETE, hl + 1 + psize); put(&c->out, p, hl + 1); put(&c->out, a, psize);
    hdr(&c->out, GRAB_JOB, 0);
    if (join) { c->held_len = c->out.len - c->out.off; c->held = must(realloc(c->held, c->held_len)); memcpy(c->held, c->out.b + c->out.off, c->held_len); c->out.len = c->out.off; }
  } else if (type == NO_JOB) hdr(&c->out, PRE_SLEEP, 0);
  else if (type == NOOP) hdr(&c->out, GRAB_JOB, 0);
  else fault("a worker got a packet of type", type);
}
static void on_packet(conn_t *c, uint32_t type, char *p, uint32_t n) {
  if (type == ECHO_RES) c->echoed = 1;
  else if (c->kind == CLIENT) as_client(c, type, p, n);
  else if (c->kind == WORKER) as_worker(c, type, p, n);
  else fault("an idle connection got a packet of type", type);
}
static void serve(struct epoll_event *e) {
  conn_t *c = e->data.ptr;
  if (e->events & EPOLLOUT) flush(c);
  if (e->events & (EPOLLIN | EPOLLHUP | EPOLLERR)) { receive(c); if (c->kind == CLIENT) fill(c); flush(c); }
}
static void overdue(uint64_t limit) {
  if (now() < limit) return;
  fprintf(stderr, "gload: time limit: submitted=%ld created=%ld executed=%ld completed=%ld\n", submitted, created, executed, completed); exit(1);
}
/* Return when the server has handled all packets that these connections sent. */
static void settle(conn_t **cs, int n, uint64_t limit) {
  struct epoll_event ev[1024];
  for (int i = 0; i < n; i++) { cs[i]->echoed = 0; hdr(&cs[i]->out, ECHO_REQ, 4); put(&cs[i]->out, "sync", 4); flush(cs[i]); }
  for (int i = 0; i < n;) {
    if (cs[i]->echoed) { i++; continue; }
    int k = epoll_wait(ep, ev, 1024, 1000); for (int j = 0; j < k; j++) if (ev[j].data.ptr) serve(&ev[j]);
    overdue(limit);
  }
}
/* After every 16th connection, wait until the server has accepted them: the C server lets 32 wait, and
   one too many tries again after a second. */
static void in_turn(conn_t **cs, int i, uint64_t limit) { if (i % 16 == 15) settle(cs + i - 15, 16, limit); else flush(cs[i]); }
static int finished(void) {
  if (drain_only) return executed >= njobs;
  if (may_submit()) return 0;
  return submit_only ? created >= submitted : bg ? executed >= submitted && created >= submitted : completed >= submitted;
}

int main(int argc, char **argv) {
  int o; long max_s = 300; program = "gload";
  while ((o = getopt(argc, argv, "H:p:n:d:r:c:w:W:s:f:bSDuJB:i:I:P:F:O:T:t")) != -1) switch (o) {
    case 'H': host = optarg; break; case 'p': port = atoi(optarg); break; case 'n': njobs = atol(optarg); break;
    case 'd': duration = atof(optarg); break; case 'r': rate = atof(optarg); break;
    case 'c': nclients = atoi(optarg); break; case 'w': nworkers = atoi(optarg); break; case 'W': window = atoi(optarg); break;
    case 's': psize = atoi(optarg); break; case 'f': nfunc = atoi(optarg); break; case 'b': bg = 1; break;
    case 'S': submit_only = bg = 1; break; case 'D': drain_only = bg = 1; break; case 'u': uniq = 1; break; case 'J': join = 1; break;
    case 'i': idle = atoi(optarg); break; case 'I': others = atoi(optarg); break; case 'P': srvpid = atoi(optarg); break;
    case 'F': prefix = optarg; break; case 'B': backlog = atoi(optarg); break; case 'O': base = atol(optarg); break; case 'T': max_s = atol(optarg); break;
    case 't': use_tls = 1; break; default: return 2; }
#ifndef WITH_TLS
  if (use_tls) { fprintf(stderr, "gload: built without TLS\n"); return 2; }
#endif
  if (njobs < 0 && duration <= 0) { fprintf(stderr, "gload: -n or -d says how much\n"); return 2; }
  if (psize < HEAD) psize = HEAD;
  if (submit_only) nworkers = idle = 0;
  if (drain_only) nclients = 0;
  raise_files(); ep = epoll_create1(EPOLL_CLOEXEC); payload = must(calloc(1, psize));
  uint64_t limit = now() + max_s * 1000000000ull;
  struct epoll_event ev[1024];

  long rss0 = srvpid ? rss_of(srvpid) : 0; double others_s = 0, others_kib = 0;
  if (others) {
    conn_t **ot = must(calloc(others, sizeof *ot)); uint64_t t = now();
    for (int i = 0; i < others; i++) { ot[i] = open_conn(OTHER); can_do(&ot[i]->out, prefix, nfunc); hdr(&ot[i]->out, PRE_SLEEP, 0); in_turn(ot, i, limit); }
    settle(ot, others, limit);
    others_s = (now() - t) / 1e9; others_kib = srvpid ? (rss_of(srvpid) - rss0) / (double)others : 0;
  }
  int nw = nworkers + idle, n = 0; conn_t **all = must(calloc(nclients + nw + 1, sizeof *all)), **cl;
  for (; n < nw; n++) {
    all[n] = open_conn(WORKER);
    for (int f = 0; f < nfunc; f++) can_do(&all[n]->out, prefix, f);
    if (!drain_only) hdr(&all[n]->out, PRE_SLEEP, 0);
    in_turn(all, n, limit);
  }
  for (cl = all + n; n < nw + nclients; n++) { all[n] = open_conn(CLIENT); in_turn(all, n, limit); }
  settle(all, n, limit);

  if (submitted || executed) fault("jobs before the start", submitted + executed);
  started = 1;
  long sent_by_clock = 0; int tick = -1;
  double cpu0 = srvpid ? cpu_of(srvpid) : 0, my0 = my_cpu(); uint64_t t0 = now();
  if (duration > 0) deadline = t0 + (uint64_t)(duration * 1e9);
  if (rate) {
    tick = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC); long gap = 1e9 / rate;
    struct itimerspec it = { .it_interval = { gap / 1000000000, gap % 1000000000 }, .it_value = { 0, 1 } };
    struct epoll_event e = { .events = EPOLLIN, .data.ptr = 0 };
    if (timerfd_settime(tick, 0, &it, 0) || epoll_ctl(ep, EPOLL_CTL_ADD, tick, &e)) die("timerfd");
  }
  if (drain_only) for (int i = 0; i < nw; i++) { hdr(&all[i]->out, GRAB_JOB, 0); flush(all[i]); }
  for (int i = 0; i < nclients; i++) { fill(cl[i]); flush(cl[i]); }
  while (!finished()) {
    if (join) {
      if (completed == submitted && may_submit()) for (int i = 0; i < nclients; i++) { submit(cl[i], now()); flush(cl[i]); }
      for (int i = 0; i < nw; i++) if (all[i]->held_len && created == submitted) { put(&all[i]->out, all[i]->held, all[i]->held_len); all[i]->held_len = 0; flush(all[i]); }
    }
    if (backlog && submitted - executed <= backlog / 2) for (int i = 0; i < nclients; i++) { fill(cl[i]); flush(cl[i]); }
    int k = epoll_wait(ep, ev, 1024, rate ? 1 : 100);
    for (int i = 0; i < k; i++) {
      if (ev[i].data.ptr) { serve(&ev[i]); continue; }
      uint64_t ticks; if (read(tick, &ticks, 8) != 8) continue;
      for (double gap = 1e9 / rate; may_submit(); sent_by_clock++) {
        uint64_t due = t0 + (uint64_t)(sent_by_clock * gap); if (due > now()) break;
        submit(cl[sent_by_clock % nclients], due);
      }
      for (int j = 0; j < nclients; j++) flush(cl[j]);
    }
    overdue(limit);
  }
  double s = (now() - t0) / 1e9, cpu = srvpid ? cpu_of(srvpid) - cpu0 : 0, mine = my_cpu() - my0;
  if (tick >= 0) close(tick);
  settle(all, n, limit);
  long jobs = drain_only ? executed : submitted;
  if (join) { if (executed * nclients != submitted) fault("jobs that should have been one", executed); }
  else if (!submit_only && executed != jobs) fault("jobs that ran", executed);
  if (!drain_only && created != submitted) fault("submissions that were answered", created);
  if (!bg && completed != submitted) fault("results that came", completed);
  if (!jobs) fault("jobs", jobs);
  if (nlat) qsort(lat, nlat, 8, by_size);
  printf("jobs=%ld seconds=%.4f jobs_per_s=%.2f errors=%ld", jobs, s, jobs / s, errors);
  if (nlat) printf(" p50_us=%.1f p99_us=%.1f p999_us=%.1f max_us=%.1f", lat[nlat / 2] / 1e3, lat[nlat * 99 / 100] / 1e3, lat[nlat * 999 / 1000] / 1e3, lat[nlat - 1] / 1e3);
  if (srvpid) printf(" cpu_us_per_job=%.3f rss_kib=%ld rss_growth_kib=%ld", cpu * 1e6 / (jobs ? jobs : 1), rss_of(srvpid), rss_of(srvpid) - rss0);
  if (others) printf(" connect_s=%.3f connection_kib=%.3f", others_s, others_kib);
  printf(" load_cpu_s=%.3f\n", mine);
  return errors ? 1 : 0;
}
