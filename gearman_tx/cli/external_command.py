"""The command of ``gearman-tx work -f FUNCTION -- COMMAND``, run as one process for each job.

The workload is the standard input of the process, its standard output is the result, and each line
of its standard error is a warning. It leads a process group of its own, so that Ctrl-C at the
terminal reaches only the worker, which lets the process finish.
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
class ExternalCommand:
    """Runs a command for each job, in the thread that calls it.

    Attributes:
        words: the program and its arguments.
        timeout: seconds after which the process is killed and the job fails, or None.
    """

    words: Sequence[str]
    timeout: float | None = None
    _running: set[subprocess.Popen[bytes]] = field(factory=set, init=False)

    def __call__(self, job: WorkerJob) -> bytes:
        """Run the command on the workload of ``job`` and return its standard output.

        Raises:
            JobFailed: its exit status is not 0, or it took too long; a warning gives the reason.
            OSError: it cannot be started.
        """
        process = subprocess.Popen(  # noqa: S603  # the user's own command
            self.words,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **_variables_of(job)},
            process_group=0,
        )
        self._running.add(process)
        try:
            result, warnings = process.communicate(job.workload, self.timeout)
        except subprocess.TimeoutExpired:
            _kill(process)
            process.communicate()
            job.send_warning(f"{self.words[0]} took more than {self.timeout:g} seconds".encode())
            job.fail()
        finally:
            self._running.discard(process)
        for line in warnings.splitlines():
            job.send_warning(line)
        if process.returncode:
            job.send_warning(f"{self.words[0]} {_end_of(process.returncode)}".encode())
            job.fail()
        return result

    def kill_all(self) -> None:
        """Kill all running processes: their jobs belong to other workers now."""
        for process in list(self._running):
            _kill(process)


def _variables_of(job: WorkerJob) -> dict[str, str]:
    """Return the environment variables that describe the job to the command."""
    return {
        "GEARMAN_FUNCTION": os.fsdecode(job.function),
        "GEARMAN_HANDLE": os.fsdecode(job.handle),
        "GEARMAN_UNIQUE": os.fsdecode(job.unique),
    }


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a process and all processes of its group."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _end_of(status: int) -> str:
    if status > 0:
        return f"exited with status {status}"
    return f"was ended by {signal.Signals(-status).name}"
