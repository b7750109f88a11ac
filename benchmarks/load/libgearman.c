/* A client or a worker over libgearman, for the benchmarks of client libraries.
 *
 *   libgearman client one PORT FUNCTION COUNT         a job, its result, the next job
 *   libgearman client many PORT FUNCTION COUNT        1,000 at a time with gearman_client_run_tasks
 *   libgearman client background PORT FUNCTION COUNT  a background job, its handle, the next one
 *   libgearman worker 1 PORT FUNCTION COUNT           COUNT jobs; each result is its workload
 *
 * Prints jobs, seconds, and seconds of its own CPU; a worker counts from its first job on. A worker
 * with a COUNT of 0 works until it is killed, and prints "ready" when it can.
 */
#define _GNU_SOURCE
#include <libgearman/gearman.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { SIZE = 64, WINDOW = 1000 };

static char workload[SIZE];
static double began, cpu_began;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

static double cpu(void) {
  struct rusage u;
  getrusage(RUSAGE_SELF, &u);
  return u.ru_utime.tv_sec + u.ru_stime.tv_sec + (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void begin(void) {
  began = now();
  cpu_began = cpu();
}

static void tell(long count) {
  printf("jobs=%ld seconds=%.6f cpu_s=%.6f\n", count, now() - began, cpu() - cpu_began);
}

static void fail(const char *what) {
  printf("libgearman: %s\n", what);
  exit(1);
}

static void one(gearman_client_st *client, const char *function) {
  size_t size;
  gearman_return_t result;
  void *value = gearman_client_do(client, function, NULL, workload, SIZE, &size, &result);
  if (gearman_failed(result) || size != SIZE) fail(gearman_client_error(client));
  free(value);
}

static void background(gearman_client_st *client, const char *function) {
  char handle[GEARMAN_JOB_HANDLE_SIZE];
  if (gearman_failed(gearman_client_do_background(client, function, NULL, workload, SIZE, handle)))
    fail(gearman_client_error(client));
}

static long done;

static gearman_return_t complete(gearman_task_st *task) {
  done += gearman_task_data_size(task) == SIZE;
  return GEARMAN_SUCCESS;
}

static void many(gearman_client_st *client, const char *function, long count) {
  gearman_client_set_complete_fn(client, complete);
  for (long left = count; left > 0; left -= WINDOW) {
    gearman_return_t result;
    for (long i = 0; i < WINDOW && i < left; i++)
      gearman_client_add_task(client, NULL, NULL, function, NULL, workload, SIZE, &result);
    if (gearman_failed(gearman_client_run_tasks(client))) fail(gearman_client_error(client));
    gearman_client_task_free_all(client);
  }
  if (done != count) fail("a result is missing or changed");
}

static void submit(const char *mode, int port, const char *function, long count) {
  gearman_client_st *client = gearman_client_create(NULL);
  gearman_client_add_server(client, "127.0.0.1", port);
  if (gearman_failed(gearman_client_echo(client, "x", 1))) fail(gearman_client_error(client));
  begin();
  if (!strcmp(mode, "many")) many(client, function, count);
  else
    for (long i = 0; i < count; i++)
      if (!strcmp(mode, "one")) one(client, function);
      else background(client, function);
  tell(count);
  gearman_client_free(client);
}

static gearman_return_t give_back(gearman_job_st *job, void *context) {
  (void)context;
  return gearman_job_send_complete(job, gearman_job_workload(job), gearman_job_workload_size(job));
}

static void work(int port, const char *function, long count) {
  gearman_worker_st *worker = gearman_worker_create(NULL);
  gearman_worker_add_server(worker, "127.0.0.1", port);
  gearman_worker_define_function(worker, function, strlen(function),
                                 gearman_function_create(give_back), 0, NULL);
  if (!count) {
    puts("ready");
    fflush(stdout);
  }
  for (long i = 0; i < count || !count; i++) {
    if (gearman_failed(gearman_worker_work(worker))) fail(gearman_worker_error(worker));
    if (!i) begin();
  }
  tell(count);
  gearman_worker_free(worker);
}

int main(int argc, char **argv) {
  if (argc != 6) fail("usage: libgearman client|worker MODE PORT FUNCTION COUNT");
  memset(workload, 'x', SIZE);
  if (!strcmp(argv[1], "client")) submit(argv[2], atoi(argv[3]), argv[4], atol(argv[5]));
  else work(atoi(argv[3]), argv[4], atol(argv[5]));
  return 0;
}
