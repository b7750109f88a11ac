"""Submit jobs for ``gearman-tx submit``, and print what becomes of them in their order.

Theory of operation. One coroutine submits, another prints the updates and the end of the oldest
job that is not printed yet. Between them is a window: so many jobs are under way and no more, and
what later jobs say is kept until their turn comes.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any, Final

from attrs import define, field, frozen
from twisted.internet.defer import Deferred, DeferredQueue, DeferredSemaphore
from twisted.python.failure import Failure

from gearman_tx.cli import exit_status
from gearman_tx.cli.progress import Output
from gearman_tx.cli.trouble import Trouble, explain
from gearman_tx.client import Client, Data, Status, Task
from gearman_tx.client.preparation import Priority
from gearman_tx.errors import GearmanError, TimedOut

WINDOW: Final = 1000
"""How many jobs are under way when there is one for each line."""


@frozen
class Wish:
    """How jobs are to be submitted: the options of the command.

    Attributes:
        function: what to do.
        background: whether to print the handle and wait for no result.
        priority: ``high``, ``normal`` or ``low``.
        unique: the key by which jobs become one.
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
        """Submit one job; all its updates are kept for whoever prints them."""
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
class Printer:
    """Prints what becomes of jobs.

    Attributes:
        output: where to.
        fail: is told of each failure.
        one_per_line: whether each result is to end its line.
    """

    output: Output
    fail: Callable[[Trouble], None]
    one_per_line: bool

    async def print_all(self, task: Task[bytes]) -> int:
        """Print the updates of one job as they come, then its end; return its exit status."""
        what = task.function.decode("utf-8", "backslashreplace")
        async for update in task:
            match update:
                case Data(data):
                    self.output.write(data)
                case Status(done, total):
                    self.output.show_bar(done, total, what)
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
        trouble = explain(error)
        if isinstance(error, TimedOut):
            trouble = Trouble(trouble.message, exit_status.FAILED)
        self.fail(trouble)
        return trouble.status


@define(eq=False)
class Batch:
    """One job for each of many workloads.

    Attributes:
        client: submits.
        wish: how.
        printer: prints.
    """

    client: Client
    wish: Wish
    printer: Printer
    _places: DeferredSemaphore = field(factory=lambda: DeferredSemaphore(WINDOW), init=False)
    _trouble: BaseException | None = field(default=None, init=False)
    _tasks: DeferredQueue[Task[bytes] | None] = field(factory=DeferredQueue, init=False)

    async def run(self, workloads: AsyncIterator[bytes]) -> int:
        """Submit them all and print what becomes of them.

        Returns:
            The worst exit status of a job.

        Raises:
            Exception: what reading the workloads raises, when the jobs before have ended.
        """
        submitting: Deferred[Any] = Deferred.fromCoroutine(self._submit_all(workloads))
        submitting.addBoth(self._no_more)
        worst = 0
        try:
            while (task := await self._tasks.get()) is not None:
                worst = max(worst, await self.printer.print_all(task))
                self._places.release()
        except BaseException:
            submitting.cancel()
            raise
        if self._trouble is not None:
            raise self._trouble
        return worst

    async def _submit_all(self, workloads: AsyncIterator[bytes]) -> None:
        async for workload in workloads:
            await self._places.acquire()
            self._tasks.put(self.wish.submit(self.client, workload))

    def _no_more(self, outcome: object) -> None:
        if isinstance(outcome, Failure):
            self._trouble = outcome.value
        self._tasks.put(None)
