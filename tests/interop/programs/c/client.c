/* A libgearman client: client PORT MODE FUNCTION [ARGUMENT]; the workload is standard input.
 *
 *   do          prints the result
 *   events      one task with every callback; prints one line for each; ARGUMENT "exceptions"
 *               sets that server option first
 *   many        ARGUMENT tasks at once, workloads "0", "1" ...; prints "<workload> <result>" lines
 *   background  prints the handle, then each status as it changes, until the job is unknown
 *   unique      prints the status of the job whose unique is ARGUMENT
 *   echo        sends the workload as ECHO_REQ, prints what the library returns
 *   partition   runs FUNCTION by the partition function ARGUMENT; prints the result
 *   epoch       runs FUNCTION ARGUMENT seconds from now; prints the handle
 */
#include <libgearman-1.0/gearman.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static char *workload;
static size_t workload_size;

static void read_workload(void) {
  size_t room = 65536;
  workload = malloc(room);
  size_t got;
  while ((got = fread(workload + workload_size, 1, room - workload_size, stdin)) > 0) {
    workload_size += got;
    if (workload_size == room) {
      room *= 2;
      workload = realloc(workload, room);
    }
  }
}

static int failed(gearman_client_st *client, const char *what, gearman_return_t ret) {
  printf("%s: %s\n", what, gearman_strerror(ret));
  fprintf(stderr, "%s\n", gearman_client_error(client));
  return 1;
}

static gearman_return_t say(const char *event, gearman_task_st *task) {
  printf("%s %.*s\n", event, (int) gearman_task_data_size(task),
         (const char *) gearman_task_data(task));
  return GEARMAN_SUCCESS;
}

static gearman_return_t on_created(gearman_task_st *task) {
  printf("created %s\n", gearman_task_job_handle(task));
  return GEARMAN_SUCCESS;
}
static gearman_return_t on_data(gearman_task_st *task) { return say("data", task); }
static gearman_return_t on_warning(gearman_task_st *task) { return say("warning", task); }
static gearman_return_t on_exception(gearman_task_st *task) { return say("exception", task); }
static gearman_return_t on_complete(gearman_task_st *task) { return say("complete", task); }
static gearman_return_t on_status(gearman_task_st *task) {
  printf("status %u/%u\n", gearman_task_numerator(task), gearman_task_denominator(task));
  return GEARMAN_SUCCESS;
}
static gearman_return_t on_fail(gearman_task_st *task) {
  (void) task;
  printf("fail\n");
  return GEARMAN_SUCCESS;
}
static gearman_return_t on_one_of_many(gearman_task_st *task) {
  const char *name = gearman_task_context(task);
  printf("%s %.*s\n", name, (int) gearman_task_data_size(task),
         (const char *) gearman_task_data(task));
  return GEARMAN_SUCCESS;
}

static int mode_do(gearman_client_st *client, const char *function) {
  size_t size;
  gearman_return_t ret;
  char *result = gearman_client_do(client, function, NULL, workload, workload_size, &size, &ret);
  if (gearman_failed(ret)) {
    return failed(client, "do", ret);
  }
  fwrite(result, 1, size, stdout);
  return 0;
}

static int mode_events(gearman_client_st *client, const char *function, const char *option) {
  gearman_return_t ret;
  if (option != NULL && !gearman_client_set_server_option(client, option, strlen(option))) {
    printf("option refused\n");
    return 1;
  }
  gearman_client_set_created_fn(client, on_created);
  gearman_client_set_data_fn(client, on_data);
  gearman_client_set_warning_fn(client, on_warning);
  gearman_client_set_status_fn(client, on_status);
  gearman_client_set_exception_fn(client, on_exception);
  gearman_client_set_fail_fn(client, on_fail);
  gearman_client_set_complete_fn(client, on_complete);
  gearman_client_add_task(client, NULL, NULL, function, NULL, workload, workload_size, &ret);
  ret = gearman_client_run_tasks(client);
  if (gearman_failed(ret)) {
    return failed(client, "run_tasks", ret);
  }
  return 0;
}

static int mode_many(gearman_client_st *client, const char *function, int count) {
  gearman_return_t ret;
  char (*names)[16] = calloc((size_t) count, sizeof *names);
  gearman_client_set_complete_fn(client, on_one_of_many);
  for (int i = 0; i < count; i++) {
    snprintf(names[i], sizeof names[i], "%d", i);
    gearman_client_add_task(client, NULL, names[i], function, NULL, names[i], strlen(names[i]),
                            &ret);
    if (gearman_failed(ret)) {
      return failed(client, "add_task", ret);
    }
  }
  ret = gearman_client_run_tasks(client);
  return gearman_failed(ret) ? failed(client, "run_tasks", ret) : 0;
}

static int mode_background(gearman_client_st *client, const char *function) {
  gearman_job_handle_t handle;
  gearman_return_t ret =
    gearman_client_do_background(client, function, NULL, workload, workload_size, handle);
  if (gearman_failed(ret)) {
    return failed(client, "do_background", ret);
  }
  printf("created %s\n", handle);
  char last[128] = "";
  bool known = true;
  while (known) {
    bool running;
    uint32_t numerator, denominator;
    ret = gearman_client_job_status(client, handle, &known, &running, &numerator, &denominator);
    if (gearman_failed(ret)) {
      return failed(client, "job_status", ret);
    }
    char now[128];
    snprintf(now, sizeof now, "known %d running %d %u/%u", known, running, numerator, denominator);
    if (strcmp(now, last) != 0) {
      printf("%s\n", strcpy(last, now));
    }
    usleep(2000);
  }
  return 0;
}

static int mode_unique(gearman_client_st *client, const char *unique) {
  gearman_status_t status = gearman_client_unique_status(client, unique, strlen(unique));
  if (gearman_failed(gearman_status_return(status))) {
    return failed(client, "unique_status", gearman_status_return(status));
  }
  printf("known %d running %d %u/%u\n", gearman_status_is_known(status),
         gearman_status_is_running(status), gearman_status_numerator(status),
         gearman_status_denominator(status));
  return 0;
}

static int mode_partition(gearman_client_st *client, const char *function, const char *mapper) {
  gearman_argument_t value = gearman_argument_make(NULL, 0, workload, workload_size);
  gearman_task_st *task = gearman_execute_by_partition(
    client, mapper, strlen(mapper), function, strlen(function), NULL, 0, NULL, &value, NULL);
  if (task == NULL || gearman_failed(gearman_task_return(task))) {
    return failed(client, "partition", task ? gearman_task_return(task) : GEARMAN_ERROR);
  }
  gearman_result_st *result = gearman_task_result(task);
  printf("%.*s\n", (int) gearman_result_size(result), gearman_result_value(result));
  return 0;
}

static int mode_epoch(gearman_client_st *client, const char *function, int seconds) {
  gearman_task_attr_t when =
    gearman_task_attr_init_epoch(time(NULL) + seconds, GEARMAN_JOB_PRIORITY_NORMAL);
  gearman_argument_t value = gearman_argument_make(NULL, 0, workload, workload_size);
  gearman_task_st *task =
    gearman_execute(client, function, strlen(function), NULL, 0, &when, &value, NULL);
  if (task == NULL || gearman_failed(gearman_task_return(task))) {
    return failed(client, "epoch", task ? gearman_task_return(task) : GEARMAN_ERROR);
  }
  printf("created %s\n", gearman_task_job_handle(task));
  return 0;
}

int main(int argc, char **argv) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  const char *mode = argv[2], *function = argv[3], *argument = argc > 4 ? argv[4] : NULL;
  read_workload();
  gearman_client_st *client = gearman_client_create(NULL);
  gearman_client_add_server(client, "127.0.0.1", (in_port_t) atoi(argv[1]));
  const char *milliseconds = getenv("CLIENT_MILLISECONDS");
  gearman_client_set_timeout(client, milliseconds != NULL ? atoi(milliseconds) : 15000);
  if (strcmp(mode, "do") == 0) return mode_do(client, function);
  if (strcmp(mode, "events") == 0) return mode_events(client, function, argument);
  if (strcmp(mode, "many") == 0) return mode_many(client, function, atoi(argument));
  if (strcmp(mode, "background") == 0) return mode_background(client, function);
  if (strcmp(mode, "unique") == 0) return mode_unique(client, argument);
  if (strcmp(mode, "partition") == 0) return mode_partition(client, function, argument);
  if (strcmp(mode, "epoch") == 0) return mode_epoch(client, function, atoi(argument));
  if (strcmp(mode, "echo") == 0) {
    gearman_return_t ret = gearman_client_echo(client, workload, workload_size);
    printf("%s\n", gearman_strerror(ret));
    return 0;
  }
  return 2;
}
