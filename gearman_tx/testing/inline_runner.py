"""Run a worker's functions at once, in the reactor: no thread, no process, no waiting."""

from __future__ import annotations

from typing import Any

from gearman_tx.worker import (
    PROCESS,
    REACTOR,
    WorkerFunction,
    WorkerJob,
    call_in_reactor,
    call_in_thread,
)


class InlineRunner:
    """Replaces the threads and processes of a worker."""

    def run(self, function: WorkerFunction, job: WorkerJob) -> Any:
        """Runner: run ``function`` on ``job``.

        Returns:
            The result of the function; a Deferred if it is ``async def``, or returns one.
        """
        if function.place == PROCESS:
            return function.call(job.data)
        call = call_in_reactor if function.place == REACTOR else call_in_thread
        return call(function.call, job)

    def close(self) -> None:
        """Runner: end; there is nothing to end."""

    def kill(self) -> None:
        """Runner: end at once; nothing runs."""
