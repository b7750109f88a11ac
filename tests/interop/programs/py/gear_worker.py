"""A worker of gear: ``gear_worker.py PORT FUNCTION=BEHAVIOUR ...``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import gear


def reverse(job: Any) -> None:
    """Complete with the workload reversed."""
    job.sendWorkComplete(job.arguments[::-1])


def length(job: Any) -> None:
    """Complete with the number of bytes of the workload."""
    job.sendWorkComplete(str(len(job.arguments)).encode())


def empty(job: Any) -> None:
    """Complete with nothing."""
    job.sendWorkComplete()


def fail(job: Any) -> None:
    """Fail the job."""
    job.sendWorkFail()


def exception(job: Any) -> None:
    """Fail the job with an exception that says ``boom``."""
    job.sendWorkException(b"boom")


def progress(job: Any) -> None:
    """Send data, a warning and a status before the result."""
    job.sendWorkData(b"one")
    job.sendWorkWarning(b"careful")
    job.sendWorkStatus(1, 2)
    job.sendWorkData(b"two")
    reverse(job)


def hold(job: Any) -> None:
    """Wait for one line on standard input before the result."""
    job.sendWorkStatus(3, 7)
    sys.stdout.write(f"holding {job.arguments.decode()}\n")
    sys.stdout.flush()
    if not sys.stdin.readline():
        sys.exit(1)
    reverse(job)


BEHAVIOURS: dict[str, Callable[[Any], None]] = {
    "reverse": reverse,
    "length": length,
    "empty": empty,
    "fail": fail,
    "exception": exception,
    "progress": progress,
    "hold": hold,
}


def main() -> None:
    """Register the functions of the command line and work forever."""
    worker = gear.Worker("gear-worker")
    worker.addServer("127.0.0.1", int(sys.argv[1]))
    worker.waitForServer(60)
    behaviours: dict[str, Callable[[Any], None]] = {}
    for ability in sys.argv[2:]:
        function, behaviour = ability.split("=")
        behaviour, _, milliseconds = behaviour.partition("/")
        behaviours[function] = BEHAVIOURS[behaviour]
        worker.registerFunction(function, milliseconds.encode() or None)
    while True:
        job = worker.getJob()
        behaviours[job.name](job)


main()
