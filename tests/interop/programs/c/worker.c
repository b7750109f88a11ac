/* A libgearman worker: worker PORT FUNCTION=BEHAVIOUR[/MILLISECONDS] ...
 *
 * Behaviours are those of every worker under programs/; MILLISECONDS registers the function with
 * that timeout (CAN_DO_TIMEOUT). Prints "idle" whenever gearman_worker_work() times out, which
 * happens only when the environment has POLL_MILLISECONDS.
 */
#include <libgearman-1.0/gearman.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *reversed(const char *data, size_t size) {
  char *result = malloc(size ? size : 1);
  for (size_t i = 0; i < size; i++) {
    result[i] = data[size - 1 - i];
  }
  return result;
}

static void *behave(gearman_job_st *job, void *context, size_t *result_size,
                    gearman_return_t *ret) {
  const char *behaviour = context;
  const char *data = gearman_job_workload(job);
  size_t size = gearman_job_workload_size(job);
  *ret = GEARMAN_SUCCESS;
  *result_size = 0;

  if (strcmp(behaviour, "length") == 0) {
    char *text = malloc(24);
    *result_size = (size_t) snprintf(text, 24, "%zu", size);
    return text;
  }
  if (strcmp(behaviour, "fail") == 0) {
    *ret = GEARMAN_WORK_FAIL;
    return NULL;
  }
  if (strcmp(behaviour, "exception") == 0) {
    gearman_job_send_exception(job, "boom", 4);
    return NULL;
  }
  if (strcmp(behaviour, "empty") == 0) {
    return NULL;
  }
  if (strcmp(behaviour, "progress") == 0) {
    gearman_job_send_data(job, "one", 3);
    gearman_job_send_warning(job, "careful", 7);
    gearman_job_send_status(job, 1, 2);
    gearman_job_send_data(job, "two", 3);
  }
  if (strcmp(behaviour, "hold") == 0) {
    char line[64];
    gearman_job_send_status(job, 3, 7);
    printf("holding %.*s\n", (int) size, data);
    if (fgets(line, sizeof line, stdin) == NULL) {
      exit(1);
    }
  }
  *result_size = size;
  return reversed(data, size);
}

/* The mapper of a partitioned job: one reducer job for each blank-separated word. */
static gearman_return_t split(gearman_job_st *job, void *context) {
  (void) context;
  const char *data = gearman_job_workload(job);
  size_t size = gearman_job_workload_size(job);
  size_t start = 0;
  for (size_t i = 0; i <= size; i++) {
    if (i == size || data[i] == ' ') {
      if (gearman_failed(gearman_job_send_data(job, data + start, i - start))) {
        return GEARMAN_ERROR;
      }
      start = i + 1;
    }
  }
  return GEARMAN_SUCCESS;
}

/* The joiner of a partitioned job: the results of the reducer jobs, a bar after each. */
static gearman_return_t join(gearman_aggregator_st *aggregator, gearman_task_st *task,
                             gearman_result_st *result) {
  (void) aggregator;
  char text[1024] = "";
  for (; task != NULL; task = gearman_next(task)) {
    gearman_result_st *part = gearman_task_result(task);
    strncat(text, gearman_result_value(part), gearman_result_size(part));
    strcat(text, "|");
  }
  gearman_result_store_value(result, text, strlen(text));
  return GEARMAN_SUCCESS;
}

int main(int argc, char **argv) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  gearman_worker_st *worker = gearman_worker_create(NULL);
  gearman_worker_add_server(worker, "127.0.0.1", (in_port_t) atoi(argv[1]));
  const char *poll_milliseconds = getenv("POLL_MILLISECONDS");
  if (poll_milliseconds != NULL) {
    gearman_worker_set_timeout(worker, atoi(poll_milliseconds));
  }
  for (int i = 2; i < argc; i++) {
    char *behaviour = strchr(argv[i], '=');
    *behaviour++ = 0;
    char *slash = strchr(behaviour, '/');
    uint32_t timeout = 0;
    if (slash != NULL) {
      *slash = 0;
      timeout = (uint32_t) atoi(slash + 1);
    }
    gearman_function_t callable = strcmp(behaviour, "split") == 0
                                    ? gearman_function_create_partition(split, join)
                                    : gearman_function_create_v1(behave);
    gearman_worker_define_function(worker, argv[i], strlen(argv[i]), callable, timeout, behaviour);
  }
  while (true) {
    gearman_return_t ret = gearman_worker_work(worker);
    if (ret == GEARMAN_TIMEOUT) {
      printf("idle\n");
    } else if (gearman_failed(ret) && ret != GEARMAN_WORK_FAIL) {
      printf("error %s\n", gearman_strerror(ret));
      usleep(20000);
    }
  }
}
