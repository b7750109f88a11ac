"""Print what becomes of submitted jobs: as it is, or as JSON."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import click
from attrs import define, field

from gearman_tx.cli.console import ConsoleOutput
from gearman_tx.cli.errors import CommandError, ExitStatus, explain
from gearman_tx.cli.formats import as_json
from gearman_tx.cli.waiting import explaining
from gearman_tx.client import Data, Status, Task
from gearman_tx.errors import GearmanError, TimedOut


@define(eq=False)
class SubmittedJob:
    """A job whose end is to be printed.

    Attributes:
        task: the task.
        begun: the time of its submission, by the reactor's clock.
        ended: the time of its end, or None while it lasts or if nobody asks for it.
    """

    task: Task[bytes]
    begun: float
    ended: float | None = None


@define(eq=False)
class Printer:
    """Prints the updates and results of jobs as they are.

    Attributes:
        output: prints.
        reactor: has the clock.
        fail: is called with each failure.
        explain_wait: is called with a task of which nothing is heard for a while.
        one_per_line: whether each result is a line of its own.
    """

    output: ConsoleOutput
    reactor: Any
    fail: Callable[[CommandError], None]
    explain_wait: Callable[[Task[bytes]], object]
    one_per_line: bool

    def submitted(self, task: Task[bytes]) -> SubmittedJob:
        """Return a job that was submitted just now."""
        return SubmittedJob(task, self.reactor.seconds())

    async def print_all(self, job: SubmittedJob) -> int:
        """Print the updates of one job as they come, then its end; return its exit status."""
        task = job.task
        label = task.function.decode("utf-8", "backslashreplace")
        with explaining(self.reactor, lambda: self.explain_wait(task)) as heard:
            async for update in task:
                heard()
                match update:
                    case Data(data):
                        self.print_data(data)
                    case Status(done, total):
                        self.output.show_bar(done, total, label)
                    case _:
                        self.output.warn(update.data)
            self.output.hide_bar()
            try:
                result = await task
            except GearmanError as error:
                return self._failed(job, error)
        self.print_data(result)
        self.print_end(job, None)
        return 0

    def _failed(self, job: SubmittedJob, error: GearmanError) -> int:
        explained = explain(error)
        if isinstance(error, TimedOut):
            explained = CommandError(explained.message, ExitStatus.FAILED)
        self.print_end(job, explained)
        self.fail(explained)
        return explained.status

    def print_data(self, data: bytes) -> None:
        """Print a part of a result."""
        self.output.write(data)

    def print_end(self, job: SubmittedJob, error: CommandError | None) -> None:
        """Print what follows a result, or the parts of it that came before an error."""
        has_line = self.one_per_line or (job.task.is_background and error is None)
        self.output.end_result(has_line=has_line, may_be_empty=error is not None)


@define(eq=False)
class JSONPrinter(Printer):
    """Prints a JSON object for each job at its end, on one line."""

    _parts: list[bytes] = field(factory=list, init=False)

    def submitted(self, task: Task[bytes]) -> SubmittedJob:
        """Return a job that was submitted just now, and note the time of its end."""
        job = super().submitted(task)

        def note_end(_: object) -> None:
            job.ended = self.reactor.seconds()

        task.result.addBoth(note_end)
        return job

    def print_data(self, data: bytes) -> None:
        """Keep a part of a result for the object."""
        self._parts.append(data)

    def print_end(self, job: SubmittedJob, error: CommandError | None) -> None:
        """Print the object."""
        task = job.task
        data, self._parts = b"".join(self._parts), []
        has_result = error is None and not task.is_background
        found = {
            "handle": task.handle,
            "server": task.server,
            "function": task.function,
            "unique": task.unique,
            "result": _text_or_base64(data) if has_result else None,
            "error": None if error is None else error.message,
            "duration": None if job.ended is None else round(job.ended - job.begun, 6),
        }
        self.output.hide_bar()
        click.echo(json.dumps({key: as_json(value) for key, value in found.items()}))


def _text_or_base64(data: bytes) -> str | dict[str, str]:
    """Return bytes for JSON without loss."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(data).decode()}
