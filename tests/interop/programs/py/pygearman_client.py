"""A client of pygearman: ``pygearman_client.py PORT MODE FUNCTION [ARGUMENT]``.

The workload is standard input. Modes:

``do``          prints the result
``events``      one job; prints what the request holds at its end
``many``        ARGUMENT jobs at once, workloads "0", "1" ...; prints "<workload> <result>" lines
``merge``       two jobs with the unique ARGUMENT at once; prints both results
``background``  one job of each priority; prints each handle
``poll``        one background job; prints each new status until it is unknown
``admin``       prints the answers of the admin client; FUNCTION holds one background job
"""

from __future__ import annotations

import sys
import threading
from typing import Any

import gearman

SECONDS = 15.0
PRIORITIES = (gearman.PRIORITY_LOW, gearman.PRIORITY_NONE, gearman.PRIORITY_HIGH)


def say(*words: object) -> None:
    """Print one line at once; bytes as text."""
    texts = [word.decode() if isinstance(word, bytes) else str(word) for word in words]
    sys.stdout.write(" ".join(texts) + "\n")
    sys.stdout.flush()


def do(client: Any, function: str, argument: str, workload: bytes) -> None:
    """Print the result of one foreground job."""
    del argument
    request = client.submit_job(function, workload, poll_timeout=SECONDS)
    if request.state != gearman.JOB_COMPLETE:
        sys.exit(f"state {request.state}")
    sys.stdout.buffer.write(request.result)


def events(client: Any, function: str, argument: str, workload: bytes) -> None:
    """Print what one request holds at its end."""
    del argument
    request = client.submit_job(function, workload, poll_timeout=SECONDS)
    say("created", request.job.handle)
    for data in request.data_updates:
        say("data", data)
    for warning in request.warning_updates:
        say("warning", warning)
    if request.status:
        say("status", f"{request.status['numerator']}/{request.status['denominator']}")
    if request.state == gearman.JOB_COMPLETE:
        say("complete", request.result)
    elif request.state == gearman.JOB_FAILED:
        say("fail")
    else:
        say("timed out")


def many(client: Any, function: str, argument: str, workload: bytes) -> None:
    """Run many jobs at once."""
    del workload
    jobs = [{"task": function, "data": str(n).encode()} for n in range(int(argument))]
    for request in client.submit_multiple_jobs(jobs, poll_timeout=SECONDS):
        say(request.job.data, request.result)


def merge(client: Any, function: str, argument: str, workload: bytes) -> None:
    """Submit the same unique on two connections."""
    other = gearman.GearmanClient(client.connection_list_of_addresses)
    job = {"task": function, "data": workload, "unique": argument}
    first = client.submit_multiple_jobs([job], wait_until_complete=False)
    second = other.submit_multiple_jobs([job], wait_until_complete=False)
    client.wait_until_jobs_completed(first, poll_timeout=SECONDS)
    other.wait_until_jobs_completed(second, poll_timeout=SECONDS)
    for request in (*first, *second):
        say(request.job.handle, request.result)


def background(client: Any, function: str, argument: str, workload: bytes) -> None:
    """Submit one background job of each priority."""
    del argument
    for priority, name in zip(PRIORITIES, (b"low", b"normal", b"high"), strict=True):
        job = {"task": function, "data": name + b" " + workload, "priority": priority}
        requests = client.submit_multiple_jobs([job], background=True, wait_until_complete=False)
        say(requests[0].job.handle)


def poll(client: Any, function: str, argument: str, workload: bytes) -> None:
    """Follow one background job by its status."""
    del argument
    job = {"task": function, "data": workload}
    (request,) = client.submit_multiple_jobs([job], background=True, wait_until_complete=False)
    say("created", request.job.handle)
    last = ""
    pause = threading.Event()
    while True:
        status = client.get_job_status(request, poll_timeout=SECONDS).status
        now = (
            f"known {status['known']:d} running {status['running']:d} "
            f"{status['numerator']}/{status['denominator']}"
        )
        if now != last:
            say(now)
        last = now
        if not status["known"]:
            return
        pause.wait(0.005)


def admin(client: Any, function: str, argument: str, workload: bytes) -> None:
    """Print the answers to all calls of the admin client that a job server answers."""
    del workload
    port = argument
    del client
    asker = gearman.GearmanAdminClient([f"127.0.0.1:{port}"])
    say("ping", asker.ping_server() > 0)
    say("version", asker.get_version())
    say("pid", asker.get_pid())
    rows = [row for row in asker.get_status() if row["task"] == function]
    say("status", rows)
    for row in asker.get_workers():
        say("worker", row["client_id"], *row["tasks"])
    for row in asker.get_jobs():
        say("job", row["handle"], row["queued"], row["canceled"], row["enabled"])
    for row in asker.get_unique_jobs():
        say("unique", *row["unique"])
    for row in asker.get_jobs():
        say("cancel", asker.cancel_job(row["handle"]))
    say("cancel", asker.cancel_job("H:nowhere:1"))
    asker.send_shutdown()
    say("ping", asker.ping_server() > 0)


def main() -> None:
    """Run the mode of the command line."""
    port, mode, function, *rest = sys.argv[1:]
    modes = {
        "do": do,
        "events": events,
        "many": many,
        "merge": merge,
        "background": background,
        "poll": poll,
        "admin": admin,
    }
    argument = rest[0] if rest else ""
    addresses = [f"127.0.0.1:{port}"]
    client = gearman.GearmanClient(addresses)
    client.connection_list_of_addresses = addresses
    if mode == "admin":
        argument = port
    modes[mode](client, function, argument, sys.stdin.buffer.read())


main()
