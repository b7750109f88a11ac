"""The jobs that a worker holds: run them, send their results, free their slots."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from gearman_tx.worker.connection import WorkerConnection
from gearman_tx.worker.execution import Execution
from gearman_tx.worker.functions import WorkerFunction
from gearman_tx.worker.job import WorkerJob
from gearman_tx.worker.slots import Slots

_log = Logger("gearman_tx.worker")


class HeldJobs:
    """The jobs that a worker was given and has not ended.

    Args:
        execution: runs them.
        slots: the slots that they take.
        ended: called each time a job is over.
    """

    def __init__(self, execution: Execution, slots: Slots, ended: Callable[[], None]) -> None:
        self._execution = execution
        self._slots = slots
        self._ended = ended
        self._running: dict[WorkerJob, Deferred[Any]] = {}

    def run(self, connection: WorkerConnection, job: WorkerJob, function: WorkerFunction) -> None:
        """Run a job that came over ``connection``, and send the outcome over it."""
        outcome = self._execution.run(function, job)
        if isinstance(outcome, bytes):
            self._finish(connection, job, function, outcome)
        else:
            self._running[job] = outcome
            outcome.addCallback(lambda packets: self._finish(connection, job, function, packets))

    def _finish(
        self, connection: WorkerConnection, job: WorkerJob, function: WorkerFunction, packets: bytes
    ) -> None:
        self._running.pop(job, None)
        try:
            connection.end(job, packets)
        except Exception:  # noqa: BLE001  # its slot must become free all the same
            _log.failure("a job could not be ended")
        self._slots.job_ended()
        self._ended()
        connection.sleep_after(function)

    def cancel(self) -> None:
        """Cancel all jobs that can be cancelled; see :meth:`Runner.run`."""
        for running in list(self._running.values()):
            running.cancel()
