/* gear.h - shared by the load programs: packets, connections, clocks, figures.
 *
 * One program includes this once.  A connection has an input and an output buffer; `on_packet` is
 * the program's own.  With -DWITH_TLS a connection may speak TLS; the peer's certificate is not
 * checked, because the server is the one that was just started.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
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
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>
#ifdef WITH_TLS
#include <openssl/ssl.h>
#endif

enum { CAN_DO = 1, PRE_SLEEP = 4, NOOP = 6, SUBMIT_JOB = 7, JOB_CREATED = 8, GRAB_JOB = 9, NO_JOB = 10,
       JOB_ASSIGN = 11, WORK_COMPLETE = 13, WORK_FAIL = 14, ECHO_REQ = 16, ECHO_RES = 17,
       SUBMIT_JOB_BG = 18, ERROR_PKT = 19 };
enum { READ_SIZE = 65536 };

typedef struct { char *b; size_t len, cap, off; } buf_t;
typedef struct conn {
  int fd, kind, want_write, outstanding, echoed;
  buf_t in, out;
  uint64_t *asked; size_t ask_head, ask_tail, ask_cap;   /* ring: when each unanswered submission went out */
  char *held; size_t held_len;                           /* a WORK_COMPLETE that is kept back */
#ifdef WITH_TLS
  SSL *ssl;
#endif
} conn_t;

static const char *program = "load", *host = "127.0.0.1";
static int port = 4730, ep, use_tls = 0;
static long errors;

static void on_packet(conn_t *c, uint32_t type, char *p, uint32_t n);

static uint64_t now(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec * 1000000000ull + t.tv_nsec; }
static void die(const char *m) { fprintf(stderr, "%s: %s: %s\n", program, m, strerror(errno)); exit(1); }
static void fault(const char *m, long v) { if (errors++ < 5) fprintf(stderr, "%s: %s: %ld\n", program, m, v); }
static void *must(void *p) { if (!p) die("out of memory"); return p; }

/* ---- buffers ---- */

static void need(buf_t *b, size_t n) {
  if (b->off && b->off == b->len) b->off = b->len = 0;
  if (b->len + n > b->cap) {
    if (b->off) { memmove(b->b, b->b + b->off, b->len - b->off); b->len -= b->off; b->off = 0; }
    if (b->len + n > b->cap) {
      while (b->len + n > b->cap) b->cap = b->cap ? b->cap * 2 : 16384;
      b->b = must(realloc(b->b, b->cap));
    }
  }
}
static void put(buf_t *b, const void *p, size_t n) { need(b, n); memcpy(b->b + b->len, p, n); b->len += n; }
static void hdr(buf_t *b, uint32_t type, uint32_t size) {
  char h[12]; uint32_t t = htonl(type), s = htonl(size);
  memcpy(h, "\0REQ", 4); memcpy(h + 4, &t, 4); memcpy(h + 8, &s, 4); put(b, h, 12);
}
static void can_do(buf_t *b, const char *prefix, long number) {
  char n[128]; int l = snprintf(n, sizeof n, "%s%ld", prefix, number); hdr(b, CAN_DO, l); put(b, n, l);
}

/* ---- connections ---- */

#ifdef WITH_TLS
static SSL_CTX *tls_context(void) {
  static SSL_CTX *x;
  if (!x) {
    if (!(x = SSL_CTX_new(TLS_client_method()))) die("TLS");
    SSL_CTX_set_mode(x, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  }
  return x;
}
static ssize_t tls_result(conn_t *c, int n) {
  if (n > 0) return n;
  int e = SSL_get_error(c->ssl, n);
  if (e == SSL_ERROR_WANT_READ || e == SSL_ERROR_WANT_WRITE) { errno = EAGAIN; return -1; }
  if (e == SSL_ERROR_ZERO_RETURN) return 0;
  errno = EPROTO; return -1;
}
#endif
static ssize_t take(conn_t *c, char *p, size_t n) {
#ifdef WITH_TLS
  if (c->ssl) return tls_result(c, SSL_read(c->ssl, p, n));
#endif
  return recv(c->fd, p, n, 0);
}
static ssize_t give(conn_t *c, const char *p, size_t n) {
#ifdef WITH_TLS
  if (c->ssl) return tls_result(c, SSL_write(c->ssl, p, n > 1 << 20 ? 1 << 20 : n));
#endif
  return send(c->fd, p, n, MSG_NOSIGNAL);
}
static void watch(conn_t *c, int op) {
  struct epoll_event e = { .events = EPOLLIN | (c->want_write ? EPOLLOUT : 0), .data.ptr = c };
  if (epoll_ctl(ep, op, c->fd, &e)) die("epoll_ctl");
}
static void flush(conn_t *c) {
  while (c->out.off < c->out.len) {
    ssize_t n = give(c, c->out.b + c->out.off, c->out.len - c->out.off);
    if (n < 0) { if (errno == EAGAIN) { if (!c->want_write) { c->want_write = 1; watch(c, EPOLL_CTL_MOD); } return; } die("send"); }
    c->out.off += n;
  }
  c->out.off = c->out.len = 0;
  if (c->want_write) { c->want_write = 0; watch(c, EPOLL_CTL_MOD); }
}
static void receive(conn_t *c) {
  for (;;) {
    need(&c->in, READ_SIZE);
    ssize_t n = take(c, c->in.b + c->in.len, c->in.cap - c->in.len);
    if (n < 0) { if (errno == EAGAIN) break; die("recv"); }
    if (n == 0) { fprintf(stderr, "%s: the server closed a connection\n", program); exit(1); }
    size_t room = c->in.cap - c->in.len; c->in.len += n;
    while (c->in.len - c->in.off >= 12) {
      char *p = c->in.b + c->in.off; uint32_t t, s; memcpy(&t, p + 4, 4); memcpy(&s, p + 8, 4); t = ntohl(t); s = ntohl(s);
      if (memcmp(p, "\0RES", 4)) { fprintf(stderr, "%s: the server sent what is no packet\n", program); exit(1); }
      if (c->in.len - c->in.off < 12 + (size_t)s) { need(&c->in, 12 + (size_t)s - (c->in.len - c->in.off)); break; }
      on_packet(c, t, p + 12, s); c->in.off += 12 + s;
    }
    if (!use_tls && (size_t)n < room) break;
  }
}
static conn_t *open_conn(int kind) {
  conn_t *c = must(calloc(1, sizeof *c)); c->kind = kind;
  c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0); if (c->fd < 0) die("socket");
  struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) }; inet_pton(AF_INET, host, &a.sin_addr);
  if (connect(c->fd, (void *)&a, sizeof a)) die("connect");
  int one = 1; setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
#ifdef WITH_TLS
  if (use_tls) { c->ssl = must(SSL_new(tls_context())); SSL_set_fd(c->ssl, c->fd); if (SSL_connect(c->ssl) != 1) die("TLS handshake"); }
#endif
  fcntl(c->fd, F_SETFL, O_NONBLOCK);
  watch(c, EPOLL_CTL_ADD);
  return c;
}
static void close_conn(conn_t *c) {
#ifdef WITH_TLS
  if (c->ssl) SSL_free(c->ssl);
#endif
  close(c->fd); free(c->in.b); free(c->out.b); free(c->asked); free(c->held); free(c);
}
static void raise_files(void) { struct rlimit rl; getrlimit(RLIMIT_NOFILE, &rl); rl.rlim_cur = rl.rlim_max; setrlimit(RLIMIT_NOFILE, &rl); }

/* ---- figures ---- */

/* Processor seconds of all threads: schedstat counts nanoseconds, stat only ticks of 10 ms. */
static double cpu_of(int pid) {
  char f[320], s[2048]; double ns = 0; int found = 0; snprintf(f, sizeof f, "/proc/%d/task", pid);
  DIR *d = opendir(f);
  for (struct dirent *e; d && (e = readdir(d));) {
    unsigned long long v; if (*e->d_name == '.') continue;
    snprintf(f, sizeof f, "/proc/%d/task/%s/schedstat", pid, e->d_name); FILE *h = fopen(f, "r");
    if (h) { if (fscanf(h, "%llu", &v) == 1) { ns += v; found = 1; } fclose(h); }
  }
  if (d) closedir(d);
  if (found) return ns / 1e9;
  snprintf(f, sizeof f, "/proc/%d/stat", pid); FILE *h = fopen(f, "r"); if (!h) return 0;
  size_t n = fread(s, 1, sizeof s - 1, h); fclose(h); s[n] = 0; char *q = strrchr(s, ')'); long u = 0, k = 0;
  sscanf(q + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %ld %ld", &u, &k); return (u + k) / (double)sysconf(_SC_CLK_TCK);
}
static long rss_of(int pid) {
  char f[64], l[256]; long v = 0; snprintf(f, sizeof f, "/proc/%d/status", pid); FILE *h = fopen(f, "r"); if (!h) return 0;
  while (fgets(l, sizeof l, h)) if (sscanf(l, "VmRSS: %ld", &v) == 1) break;
  fclose(h); return v;
}
static double my_cpu(void) {
  struct rusage r; getrusage(RUSAGE_SELF, &r);
  return r.ru_utime.tv_sec + r.ru_stime.tv_sec + (r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6;
}
static int by_size(const void *a, const void *b) { uint64_t x = *(uint64_t *)a, y = *(uint64_t *)b; return (x > y) - (x < y); }
