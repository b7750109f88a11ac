"""Why nothing is heard of a submitted job: nobody offers its function, or others are in front."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from attrs import frozen
from twisted.internet.defer import Deferred

from gearman_tx.admin import AdminClient
from gearman_tx.cli.waiting import waiting_text
from gearman_tx.client import Task
from gearman_tx.errors import GearmanError
from gearman_tx.link import Server
from gearman_tx.values.plural import plural


@frozen
class JobWait:
    """Asks job servers about jobs and tells what they wait for.

    Attributes:
        servers: the job servers.
        reactor: the reactor.
        say: prints a line.
    """

    servers: Sequence[Server]
    reactor: Any
    say: Callable[[str], object]

    def explain(self, task: Task[bytes]) -> None:
        """Ask about a job, and print the answer if the job still lasts then."""
        Deferred.fromCoroutine(self._explain(task))

    async def _explain(self, task: Task[bytes]) -> None:
        try:
            reason = await self._reason(task)
        except GearmanError:  # the task itself will tell of it
            return
        if reason and not task.is_done:
            self.say(waiting_text(reason))

    async def _reason(self, task: Task[bytes]) -> str:
        if task.handle is None:
            return "no job server has taken the job yet"
        handle = task.handle.decode("utf-8", "replace")
        if (await task.status()).running:
            return f"a worker runs {handle}"
        (server,) = (server for server in self.servers if server.name == task.server)
        admin = AdminClient(server, reactor=self.reactor)
        try:
            functions = await admin.status()
        finally:
            admin.close()
        name = task.function.decode("utf-8", "replace")
        for function in functions:
            if function.name == task.function and function.workers:
                jobs = _counted(function.total - function.running, "job")
                return (
                    f"{jobs} of {name} wait for {_counted(function.workers, 'worker')} ({handle})"
                )
        return f"no worker offers {name} ({handle})"


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {plural(noun, count)}"
