"""A typical worker: ``worker.py PORT FUNCTION [again]``.

It reverses workloads; ``hold WORD`` waits for a line on standard input first, ``raise`` raises.
With ``again`` it works on when all job servers are lost, as soon as one is there.
"""

from __future__ import annotations

import sys
from typing import Any

from gearman_tx import blocking as gearman


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def run(_worker: Any, job: Any) -> bytes:
    """Do what the workload says."""
    word: bytes = job.data.removeprefix(b"hold ")
    if word == b"raise":
        raise ValueError("as it was told")
    if word != job.data:
        say(f"holding {word.decode()}")
        if not sys.stdin.readline():
            sys.exit("standard input has ended")
    return word[::-1]


class Worker(gearman.GearmanWorker):
    """A worker that sends the client what a function raised."""

    def on_job_exception(self, current_job: Any, exc_info: Any) -> bool:
        """Send the exception."""
        self.send_job_exception(current_job, str(exc_info[1]))
        return False


def main() -> None:
    """Work."""
    port, function, *again = sys.argv[1:]
    worker = Worker([f"127.0.0.1:{port}"])
    worker.register_task(function, run)
    while True:
        try:
            worker.work(poll_timeout=0.5)
        except KeyboardInterrupt:
            say("interrupted")
            return
        except gearman.errors.ServerUnavailable as error:
            say(f"ServerUnavailable {error}")
            if not again:
                return


main()
