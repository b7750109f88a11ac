"""Submit jobs for ``gearman-tx submit``, and print their results in the order of submission.

Theory of operation. One coroutine submits jobs. Another one prints the updates and the end of the
oldest job that is not printed yet. A semaphore limits the jobs that are submitted and not printed
to :data:`WINDOW`; updates of later jobs are kept until their turn comes.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Final

from attrs import define, field
from twisted.internet.defer import Deferred, DeferredQueue, DeferredSemaphore
from twisted.python.failure import Failure

from gearman_tx.cli.job_request import JobRequest
from gearman_tx.cli.results import Printer, SubmittedJob
from gearman_tx.client import Client

WINDOW: Final = 1000
"""How many jobs of :class:`JobStream` may be submitted and not printed."""


@define(eq=False)
class JobStream:
    """Submits many jobs.

    Attributes:
        client: submits them.
        printer: prints their results.
    """

    client: Client
    printer: Printer
    _window: DeferredSemaphore = field(factory=lambda: DeferredSemaphore(WINDOW), init=False)
    _read_error: BaseException | None = field(default=None, init=False)
    _jobs: DeferredQueue[SubmittedJob | None] = field(factory=DeferredQueue, init=False)

    async def run(self, requests: AsyncIterator[JobRequest]) -> int:
        """Submit all jobs and print their results.

        Returns:
            The highest exit status of a job.

        Raises:
            Exception: reading ``requests`` raised it; the jobs before it have ended.
        """
        submitting: Deferred[Any] = Deferred.fromCoroutine(self._submit_all(requests))
        submitting.addBoth(self._all_submitted)
        highest = 0
        try:
            while (job := await self._jobs.get()) is not None:
                highest = max(highest, await self.printer.print_all(job))
                self._window.release()
        except BaseException:
            submitting.cancel()
            raise
        if self._read_error is not None:
            raise self._read_error
        return highest

    async def _submit_all(self, requests: AsyncIterator[JobRequest]) -> None:
        async for request in requests:
            await self._window.acquire()
            self._jobs.put(self.printer.submitted(request.submit(self.client)))

    def _all_submitted(self, outcome: object) -> None:
        if isinstance(outcome, Failure):
            self._read_error = outcome.value
        self._jobs.put(None)
