"""Our worker as one language of the interoperability tests, with further behaviours.

``python worker.py PORT[,PORT...] FUNCTION=BEHAVIOUR ...``; the environment variable
``WORKER_OPTIONS`` holds options of :class:`Worker` as JSON. Beside the behaviours that every
language knows:

``endless``  prints "endless <workload>" and never ends, in a thread
``pid``      completes with the id of the process that it runs in
``die``      ends that process
``fifo``     in a process, completes with what it reads from the FIFO that the workload names
``async``    completes with the workload reversed, a moment later, in the reactor
``plenty``   sends as many KiB of data as the workload says, and completes
``quit``     stops the reactor
``lambda``   returns what cannot be brought back from a process

At its end it prints why it ended.
"""

from __future__ import annotations

import json
import os
import sys
import threading
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
    "lambda": (unportable, "process"),
    "deferred": (lambda _: deferLater(the_reactor(), 0), None),
    "coroutine": (lambda job: later(job), None),  # noqa: PLW0108  # hides that it is async
}


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
        call, place = BEHAVIOURS[behaviour]
        worker.register(name, call, place=place)
    say(worker.run())


if __name__ == "__main__":
    main()
