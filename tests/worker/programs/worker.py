"""Our worker as one language of the interoperability tests, with further behaviours.

``python worker.py PORT[,PORT...] FUNCTION=BEHAVIOUR[@SECONDS] ...``; a function may have a time
limit. The environment variable
``WORKER_OPTIONS`` holds options of :class:`Worker` as JSON. Beside the behaviours that every
language knows:

``endless``  prints "endless <workload>" and never ends, in a thread
``pid``      completes with the id of the process that it runs in
``die``      ends that process
``fifo``     in a process, completes with what it reads from the FIFO that the workload names
``stuck``    in a process, adds the id of the process to the file that the workload names, waits for
             ever, and adds "end" when it is interrupted
``deaf``     does so, but cannot be interrupted
``program``  in a process, runs a program that writes its process id to the file that the workload
             names, and does not end
``slow``     in a process, completes with the workload reversed; the import of its module takes long
``async``    completes with the workload reversed, a moment later, in the reactor
``plenty``   sends as many KiB of data as the workload says, and completes
``quit``     stops the reactor
``lambda``   returns what cannot be brought back from a process

At its end it prints why it ended.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from importlib import import_module
from pathlib import Path
from typing import Any

from twisted.internet.task import deferLater
from twisted.logger import globalLogBeginner, textFileLogObserver

from gearman_tx import LifeLimits, Worker, WorkerJob

KIB = 1024


def the_reactor() -> Any:
    """Return the reactor."""
    from twisted.internet import reactor

    return reactor


def reverse(job: WorkerJob) -> bytes:
    """Complete with the workload reversed."""
    return job.workload[::-1]


def length(job: WorkerJob) -> bytes:
    """Complete with the number of bytes of the workload."""
    return b"%d" % len(job.workload)


def progress(job: WorkerJob) -> bytes:
    """Send every kind of packet about a job."""
    job.send_data(b"one")
    job.send_warning(b"careful")
    job.send_status(1, 2)
    job.send_data(b"two")
    return reverse(job)


def fail(job: WorkerJob) -> None:
    """Fail."""
    job.fail()


def exception(_job: WorkerJob) -> None:
    """Raise."""
    raise ValueError("boom")


def empty(_job: WorkerJob) -> None:
    """Complete with an empty result."""


def hold(job: WorkerJob) -> bytes:
    """Complete when a line comes."""
    job.send_status(3, 7)
    say(f"holding {job.workload.decode()}")
    sys.stdin.readline()
    return reverse(job)


def endless(job: WorkerJob) -> None:
    """Never end."""
    say(f"endless {job.workload.decode()}")
    threading.Event().wait()


async def later(job: WorkerJob) -> bytes:
    """Complete a moment later."""
    await deferLater(the_reactor(), 0.01)
    await job.send_data(b"one")
    return reverse(job)


def plenty(job: WorkerJob) -> None:
    """Send much data."""
    for _ in range(int(job.workload)):
        job.send_data(bytes(KIB))


def stop_reactor(_job: WorkerJob) -> None:
    """Stop the reactor."""
    the_reactor().callFromThread(the_reactor().stop)


def pid(_data: bytes) -> bytes:
    """Complete with the id of this process."""
    return b"%d" % os.getpid()


def die(_data: bytes) -> None:
    """End this process."""
    os._exit(3)


def fifo(data: bytes) -> bytes:
    """Complete with the contents of a FIFO."""
    return Path(data.decode()).read_bytes()


def stuck(data: bytes) -> None:
    """Hang until interrupted."""
    path = Path(data.decode())
    note(path, str(os.getpid()))
    try:
        threading.Event().wait()
    finally:
        note(path, "end")


def deaf(data: bytes) -> None:
    """Hang, and stay so."""
    signal.pthread_sigmask(signal.SIG_SETMASK, set(signal.Signals))
    stuck(data)


def run_program(data: bytes) -> None:
    """Run a program that does not end."""
    code = f"echo $$ > {data.decode()}.new; mv {data.decode()}.new {data.decode()}; sleep 60"
    subprocess.run(["sh", "-c", code], check=True)


def note(path: Path, line: str) -> None:
    """Add a line to a file."""
    with path.open("a") as file:
        file.write(line + "\n")


def unportable(_data: bytes) -> Any:
    """Return a value that cannot be pickled."""
    return lambda: None


BEHAVIOURS: dict[str, tuple[Any, str | None]] = {
    "reverse": (reverse, None),
    "length": (length, None),
    "progress": (progress, None),
    "fail": (fail, None),
    "exception": (exception, None),
    "empty": (empty, None),
    "hold": (hold, None),
    "endless": (endless, None),
    "async": (later, None),
    "plenty": (plenty, None),
    "quit": (stop_reactor, None),
    "pid": (pid, "process"),
    "die": (die, "process"),
    "fifo": (fifo, "process"),
    "stuck": (stuck, "process"),
    "program": (run_program, "process"),
    "deaf": (deaf, "process"),
    "lambda": (unportable, "process"),
    "deferred": (lambda _: deferLater(the_reactor(), 0), None),
    "coroutine": (lambda job: later(job), None),  # noqa: PLW0108  # hides that it is async
}


def find(behaviour: str) -> tuple[Any, str | None]:
    """Return the function of a behaviour and the place where it runs."""
    if behaviour == "slow":  # not at the top, which each process of a function imports
        return import_module("slow_import").reverse, "process"
    return BEHAVIOURS[behaviour]


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> None:
    """Run the worker."""
    globalLogBeginner.beginLoggingTo([textFileLogObserver(sys.stderr)], redirectStandardIO=False)
    options = json.loads(os.environ.get("WORKER_OPTIONS", "{}"))
    options["limits"] = LifeLimits(**options.get("limits", {}))
    servers = [f"127.0.0.1:{port}" for port in sys.argv[1].split(",")]
    worker = Worker(servers, **options)
    for argument in sys.argv[2:]:
        name, _, behaviour = argument.partition("=")
        behaviour, _, seconds = behaviour.partition("@")
        call, place = find(behaviour)
        worker.register(name, call, place=place, timeout=float(seconds or 0))
    say(worker.run())


if __name__ == "__main__":
    main()
