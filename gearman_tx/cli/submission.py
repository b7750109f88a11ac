"""Submit jobs for ``gearman-tx submit``, and print their results in the order of submission.

Theory of operation. One coroutine submits jobs. Another one prints the updates and the end of the
oldest job that is not printed yet. A semaphore limits the jobs that are submitted and not printed
to :data:`WINDOW`; updates of later jobs are kept until their turn comes.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any, BinaryIO, Final

from attrs import define, field
from twisted.internet.defer import Deferred, DeferredQueue, DeferredSemaphore
from twisted.python.failure import Failure

from gearman_tx.cli.console import ConsoleOutput
from gearman_tx.cli.errors import print_error
from gearman_tx.cli.job_request import JobRequest
from gearman_tx.cli.job_wait import JobWait
from gearman_tx.cli.results import JSONPrinter, Printer, SubmittedJob
from gearman_tx.cli.waiting import explaining, say_waiting
from gearman_tx.cli.workloads import read_lines
from gearman_tx.client import Client
from gearman_tx.link import Server

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


def requests_of(
    read: Callable[[AsyncIterator[bytes], JobRequest], AsyncIterator[JobRequest]],
    stream: BinaryIO,
    like: JobRequest,
    reactor: Any,
) -> AsyncIterator[JobRequest]:
    """Return the jobs that the lines of ``stream`` mean."""
    return read(read_lines(stream, reactor), like)


async def submit_and_print(
    servers: list[Server],
    request: JobRequest,
    requests: Callable[[Any], AsyncIterator[JobRequest]] | None,
    as_json: bool,  # noqa: FBT001  # given by position
    reactor: Any,
) -> int:
    """Submit ``request``, or all of ``requests``; return the exit status."""
    output = ConsoleOutput()
    printer = (JSONPrinter if as_json else Printer)(
        output,
        reactor,
        lambda error: print_error(error.message),
        JobWait(servers, reactor, output.remark).explain,
        one_per_line=requests is not None,
    )
    names = ", ".join(server.name for server in servers)
    async with Client(servers, reactor=reactor) as client:
        try:
            with explaining(reactor, lambda: say_waiting(f"connecting to {names}")):
                await client.connect()
            if requests is not None:
                return await JobStream(client, printer).run(requests(reactor))
            return await printer.print_all(printer.submitted(request.submit(client)))
        finally:
            output.hide_bar()
