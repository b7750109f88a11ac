/* floor - the least a Gearman job server can cost on this machine.
 *
 * A single-threaded epoll loop in C with no features: CAN_DO, PRE_SLEEP, GRAB_JOB, SUBMIT_JOB,
 * SUBMIT_JOB_BG, WORK_COMPLETE and ECHO_REQ for functions bench0..bench1087, output gathered and sent
 * once per connection and loop turn, one sleeping worker woken for a job, no checks.  It exists only so
 * that the benchmark can print a server's cost as a ratio to the cost of the system calls themselves.
 * Function names are five letters and a number.
 *
 *   cc -O2 -o floor floor.c && ./floor PORT
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { WORDS = 17, FUNCTIONS = WORDS * 64, FREE_IDS = 65536 };
typedef struct { char *b; size_t len, cap, off; } buf_t;
typedef struct conn {
  int fd, dirty, asleep, writing; buf_t in, out; struct conn *next_dirty;
  uint64_t can[WORDS], listed[WORDS];       /* its functions; those whose stack of sleepers has it */
} conn_t;
typedef struct job { struct job *next; conn_t *client; uint64_t id; uint32_t len; char d[]; } job_t;
typedef struct { job_t *head, **tail; conn_t **sleepers; int nsleep, cap; } function_t;
static function_t q[FUNCTIONS]; static uint64_t queued[WORDS];
static job_t **by_id; static uint64_t nid, cap_id;
static conn_t *dirty;

static void need(buf_t *b, size_t n) {
  if (b->off == b->len) b->off = b->len = 0;
  if (b->len + n > b->cap) {
    memmove(b->b, b->b + b->off, b->len - b->off); b->len -= b->off; b->off = 0;
    if (b->len + n > b->cap) { while (b->len + n > b->cap) b->cap = b->cap ? b->cap * 2 : 4096; b->b = realloc(b->b, b->cap); }
  }
}
static void put(conn_t *c, const void *p, size_t n) {
  need(&c->out, n); memcpy(c->out.b + c->out.len, p, n); c->out.len += n;
  if (!c->dirty) { c->dirty = 1; c->next_dirty = dirty; dirty = c; }
}
static void res(conn_t *c, uint32_t t, uint32_t s) {
  char h[12]; uint32_t a = htonl(t), b = htonl(s); memcpy(h, "\0RES", 4); memcpy(h + 4, &a, 4); memcpy(h + 8, &b, 4); put(c, h, 12);
}
static int number(const char *p, const char *e) { int f = 0; for (p += 5; p < e && *p; p++) f = f * 10 + *p - '0'; return f; }
static int wanted(conn_t *c) {
  for (int w = 0; w < WORDS; w++) if (c->can[w] & queued[w]) return w * 64 + __builtin_ctzll(c->can[w] & queued[w]);
  return -1;
}
static void fall_asleep(conn_t *c) {
  c->asleep = 1;
  for (int w = 0; w < WORDS; w++)
    for (uint64_t m = c->can[w] & ~c->listed[w]; m; m &= m - 1) {
      function_t *f = &q[w * 64 + __builtin_ctzll(m)];
      if (f->nsleep == f->cap) { f->cap = f->cap ? f->cap * 2 : 16; f->sleepers = realloc(f->sleepers, f->cap * sizeof *f->sleepers); }
      f->sleepers[f->nsleep++] = c; c->listed[w] |= m & -m;
    }
}
static void wake(int n) {
  function_t *f = &q[n];
  while (f->nsleep) {
    conn_t *w = f->sleepers[--f->nsleep]; w->listed[n / 64] &= ~(1ull << n % 64);
    if (w->asleep && w->can[n / 64] >> n % 64 & 1) { w->asleep = 0; res(w, 6, 0); return; }
  }
}
static void on(conn_t *c, uint32_t t, char *p, uint32_t n) {
  char *e = p + n;
  if (t == 1) { int f = number(p, e); c->can[f / 64] |= 1ull << f % 64; }
  else if (t == 7 || t == 18) {
    int f = number(p, e); char *z = memchr(p, 0, n), *u = (char *)memchr(z + 1, 0, e - z - 1) + 1; uint32_t l = e - u;
    job_t *j = malloc(sizeof *j + l); j->len = l; memcpy(j->d, u, l); j->next = 0; j->client = t == 7 ? c : 0; j->id = nid++;
    if (nid > cap_id) { cap_id = cap_id ? cap_id * 2 : FREE_IDS; by_id = realloc(by_id, cap_id * sizeof *by_id); }
    by_id[j->id] = j; *q[f].tail = j; q[f].tail = &j->next; queued[f / 64] |= 1ull << f % 64;
    char h[32]; int hl = sprintf(h, "H:host:%lu", j->id); res(c, 8, hl); put(c, h, hl); wake(f);
  } else if (t == 9) {
    c->asleep = 0; int f = wanted(c); if (f < 0) { res(c, 10, 0); return; }
    job_t *j = q[f].head; if (!(q[f].head = j->next)) { q[f].tail = &q[f].head; queued[f / 64] &= ~(1ull << f % 64); }
    char h[64]; int hl = sprintf(h, "H:host:%lu", j->id) + 1; hl += sprintf(h + hl, "bench%d", f) + 1;
    res(c, 11, hl + j->len); put(c, h, hl); put(c, j->d, j->len);
  } else if (t == 4) { if (wanted(c) >= 0) res(c, 6, 0); else fall_asleep(c); }
  else if (t == 13) {
    job_t *j = by_id[strtoul(p + 7, 0, 10)]; by_id[j->id] = 0;
    if (j->client) { res(j->client, 13, n); put(j->client, p, n); }
    free(j);
  } else if (t == 16) { res(c, 17, n); put(c, p, n); }
}
static void gone(conn_t *c) {        /* the connection stays listed, as one that never wakes */
  close(c->fd); c->asleep = 0; memset(c->can, 0, sizeof c->can); free(c->in.b); free(c->out.b);
  memset(&c->in, 0, sizeof c->in); memset(&c->out, 0, sizeof c->out);
}
int main(int argc, char **argv) {
  for (int i = 0; i < FUNCTIONS; i++) q[i].tail = &q[i].head;
  struct rlimit rl; getrlimit(RLIMIT_NOFILE, &rl); rl.rlim_cur = rl.rlim_max; setrlimit(RLIMIT_NOFILE, &rl);
  int ls = socket(AF_INET, SOCK_STREAM, 0), one = 1; setsockopt(ls, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(atoi(argv[argc - 1])) }; inet_pton(AF_INET, "127.0.0.1", &a.sin_addr);
  if (bind(ls, (void *)&a, sizeof a) || listen(ls, 1024)) { perror("floor"); return 1; }
  int ep = epoll_create1(0); struct epoll_event ev[1024] = { { .events = EPOLLIN, .data.ptr = 0 } }; epoll_ctl(ep, EPOLL_CTL_ADD, ls, ev);
  for (;;) {
    int n = epoll_wait(ep, ev, 1024, -1);
    for (int i = 0; i < n; i++) {
      conn_t *c = ev[i].data.ptr;
      if (!c) {
        int fd = accept4(ls, 0, 0, SOCK_NONBLOCK); if (fd < 0) continue;
        c = calloc(1, sizeof *c); c->fd = fd; setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        struct epoll_event e = { .events = EPOLLIN, .data.ptr = c }; epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &e); continue;
      }
      if (ev[i].events & EPOLLOUT && !c->dirty) { c->dirty = 1; c->next_dirty = dirty; dirty = c; }
      if (!(ev[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))) continue;
      static char spare[1 << 18];    /* most reads are whole packets: those need no buffer of their own */
      char *b = spare; size_t room = sizeof spare;
      if (c->in.len > c->in.off) { need(&c->in, sizeof spare); b = c->in.b + c->in.len; room = c->in.cap - c->in.len; }
      ssize_t r = recv(c->fd, b, room, 0);
      if (r <= 0) { if (r < 0 && errno == EAGAIN) continue; if (c->dirty) c->out.off = c->out.len = 0; gone(c); continue; }
      char *p = b, *e = b + r; if (b != spare) { c->in.len += r; p = c->in.b + c->in.off; e = c->in.b + c->in.len; }
      while (e - p >= 12) {
        uint32_t t, s; memcpy(&t, p + 4, 4); memcpy(&s, p + 8, 4); t = ntohl(t); s = ntohl(s);
        if ((size_t)(e - p) < 12 + (size_t)s) break;
        on(c, t, p + 12, s); p += 12 + s;
      }
      if (b != spare) c->in.off = p - c->in.b;
      else if (p < e) { need(&c->in, e - p); memcpy(c->in.b + c->in.len, p, e - p); c->in.len += e - p; }
    }
    for (conn_t *c = dirty, *nx; c; c = nx) {
      nx = c->next_dirty; c->dirty = 0;
      if (c->out.off == c->out.len) continue;
      ssize_t r = send(c->fd, c->out.b + c->out.off, c->out.len - c->out.off, MSG_NOSIGNAL); if (r > 0) c->out.off += r;
      int more = c->out.off < c->out.len; if (!more) c->out.off = c->out.len = 0;
      if (more != c->writing) {
        c->writing = more; struct epoll_event e = { .events = EPOLLIN | (more ? EPOLLOUT : 0), .data.ptr = c };
        epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &e);
      }
    }
    dirty = 0;
  }
}
