"""Submit jobs for ``gearman-tx submit``, and print their results in the order of submission.

Theory of operation. One coroutine submits jobs. Another one prints the updates and the end of the
oldest job that is not printed yet. A semaphore limits the jobs that are submitted and not printed
to :data:`WINDOW`; updates of later jobs are kept until their turn comes.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any, Final

from attrs import define, field, frozen
from twisted.internet.defer import Deferred, DeferredQueue, DeferredSemaphore
from twisted.python.failure import Failure

from gearman_tx.cli.console import ConsoleOutput
from gearman_tx.cli.errors import CommandError, ExitStatus, explain
from gearman_tx.client import Client, Data, Status, Task
from gearman_tx.client.preparation import Priority
from gearman_tx.errors import GearmanError, TimedOut

WINDOW: Final = 1000
"""How many jobs of :class:`JobStream` may be submitted and not printed."""


@frozen
class SubmitOptions:
    """The options of the command that apply to each job.

    Attributes:
        function: the function.
        background: whether to print the handle and wait for no result.
        priority: ``high``, ``normal`` or ``low``.
        unique: the unique; jobs with the same one are coalesced.
        at: seconds since 1970 before which the job is not run, or None.
        retries: how often to try again.
        timeout: seconds that a job may take, or None.
    """

    function: str
    background: bool
    priority: Priority
    unique: str
    at: float | None
    retries: int
    timeout: float | None

    def submit(self, client: Client, workload: bytes) -> Task[bytes]:
        """Submit one job; its updates are kept until they are printed."""
        task = client.submit(
            self.function,
            workload,
            unique=self.unique,
            priority=self.priority,
            background=self.background,
            at=self.at,
            retries=self.retries,
            timeout=self.timeout,
        )
        aiter(task)
        return task


@define(eq=False)
class ResultPrinter:
    """Prints the updates and results of jobs.

    Attributes:
        output: prints.
        fail: is called with each failure.
        one_per_line: whether each result ends its line.
    """

    output: ConsoleOutput
    fail: Callable[[CommandError], None]
    one_per_line: bool

    async def print_all(self, task: Task[bytes]) -> int:
        """Print the updates of one job as they come, then its end; return its exit status."""
        label = task.function.decode("utf-8", "backslashreplace")
        async for update in task:
            match update:
                case Data(data):
                    self.output.write(data)
                case Status(done, total):
                    self.output.show_bar(done, total, label)
                case _:
                    self.output.warn(update.data)
        self.output.hide_bar()
        try:
            result = await task
        except GearmanError as error:
            return self._failed(error)
        self.output.write(result)
        self.output.end_result(always=self.one_per_line or task.is_background)
        return 0

    def _failed(self, error: GearmanError) -> int:
        self.output.end_result(always=self.one_per_line)
        explained = explain(error)
        if isinstance(error, TimedOut):
            explained = CommandError(explained.message, ExitStatus.FAILED)
        self.fail(explained)
        return explained.status


@define(eq=False)
class JobStream:
    """Submits one job for each of many workloads.

    Attributes:
        client: submits them.
        options: apply to all of them.
        printer: prints their results.
    """

    client: Client
    options: SubmitOptions
    printer: ResultPrinter
    _window: DeferredSemaphore = field(factory=lambda: DeferredSemaphore(WINDOW), init=False)
    _read_error: BaseException | None = field(default=None, init=False)
    _tasks: DeferredQueue[Task[bytes] | None] = field(factory=DeferredQueue, init=False)

    async def run(self, workloads: AsyncIterator[bytes]) -> int:
        """Submit all jobs and print their results.

        Returns:
            The highest exit status of a job.

        Raises:
            Exception: reading ``workloads`` raised it; the jobs before it have ended.
        """
        submitting: Deferred[Any] = Deferred.fromCoroutine(self._submit_all(workloads))
        submitting.addBoth(self._all_submitted)
        highest = 0
        try:
            while (task := await self._tasks.get()) is not None:
                highest = max(highest, await self.printer.print_all(task))
                self._window.release()
        except BaseException:
            submitting.cancel()
            raise
        if self._read_error is not None:
            raise self._read_error
        return highest

    async def _submit_all(self, workloads: AsyncIterator[bytes]) -> None:
        async for workload in workloads:
            await self._window.acquire()
            self._tasks.put(self.options.submit(self.client, workload))

    def _all_submitted(self, outcome: object) -> None:
        if isinstance(outcome, Failure):
            self._read_error = outcome.value
        self._tasks.put(None)
