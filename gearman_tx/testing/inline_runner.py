"""Run a worker's functions at once, where they are called: no thread, no process, no waiting."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred, maybeDeferred

from gearman_tx.worker import (
    PROCESS,
    REACTOR,
    WorkerFunction,
    WorkerJob,
    call_in_reactor,
    call_in_thread,
)


class InlineRunner:
    """Stands in for the threads and processes of a worker."""

    def start(self) -> None:
        """Runner: be ready; there is nothing to start."""

    def run(self, function: WorkerFunction, job: WorkerJob) -> Deferred[Any]:
        """Runner: run ``function`` on ``job``.

        Returns:
            Has fired already, unless the function is ``async def`` or returns a Deferred.
        """
        if function.place == PROCESS:
            return maybeDeferred(function.call, job.data)
        call = call_in_reactor if function.place == REACTOR else call_in_thread
        return maybeDeferred(call, function.call, job)

    def close(self) -> None:
        """Runner: end; there is nothing to end."""

    def kill(self) -> None:
        """Runner: end at once; nothing runs."""
