"""A command that does the jobs of ``gearman-tx work -f FUNCTION -- COMMAND``: one process a job.

The process has the workload as standard input; what it prints is the result, and each line that it
writes to stderr a warning. It leads a process group of its own, so that Ctrl-C at the terminal
reaches the worker alone, which lets it finish.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Sequence

from attrs import define, field

from gearman_tx.worker import WorkerJob


@define(eq=False)
class ShellCommand:
    """Runs a command for each job, in the thread that it is called in.

    Attributes:
        words: the program and its arguments.
        timeout: seconds after which the process is killed and the job fails, or None.
    """

    words: Sequence[str]
    timeout: float | None = None
    _running: set[subprocess.Popen[bytes]] = field(factory=set, init=False)

    def __call__(self, job: WorkerJob) -> bytes:
        """Run the command on the workload of ``job`` and return what it prints.

        Raises:
            JobFailed: its status is not 0, or it took too long; a warning says so.
            OSError: it cannot be started.
        """
        process = subprocess.Popen(  # noqa: S603  # the user's own command
            self.words,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **variables_of(job)},
            process_group=0,
        )
        self._running.add(process)
        try:
            printed, complaints = process.communicate(job.workload, self.timeout)
        except subprocess.TimeoutExpired:
            _kill(process)
            process.communicate()
            job.send_warning(f"{self.words[0]} took more than {self.timeout:g} seconds".encode())
            job.fail()
        finally:
            self._running.discard(process)
        for line in complaints.splitlines():
            job.send_warning(line)
        if process.returncode:
            job.send_warning(f"{self.words[0]} {_end_of(process.returncode)}".encode())
            job.fail()
        return printed

    def kill_all(self) -> None:
        """Kill what runs: its jobs belong to other workers now."""
        for process in list(self._running):
            _kill(process)


def variables_of(job: WorkerJob) -> dict[str, str]:
    """Return the environment variables that tell a command which job it does."""
    return {
        "GEARMAN_FUNCTION": os.fsdecode(job.function),
        "GEARMAN_HANDLE": os.fsdecode(job.handle),
        "GEARMAN_UNIQUE": os.fsdecode(job.unique),
    }


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a process with all that it started in its group."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _end_of(status: int) -> str:
    if status > 0:
        return f"exited with status {status}"
    return f"was ended by {signal.Signals(-status).name}"
