"""Load the stored jobs at start, while the text protocol answers already.

Packets wait until all jobs are loaded: a submission must find the job it coalesces with, and a
worker must get the oldest job first. Text commands that change something wait too, because the jobs
they change may not be loaded yet; reports show the loaded ones. Until then the table of handlers
holds handlers that postpone each packet; the real ones return when loading is over.
"""

from __future__ import annotations

import gc
from functools import partial
from typing import TYPE_CHECKING, Final

from twisted.logger import Logger

from gearman_tx.link import SUSPEND
from gearman_tx.values.plural import plural
from gearman_tx.wire import TEXT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twisted.internet.defer import Deferred
    from twisted.python.failure import Failure

    from gearman_tx.core import JobRecord, JobServer
    from gearman_tx.link import Handler, Turn
    from gearman_tx.server.clocks import Clocks
    from gearman_tx.server.connection import Connection
    from gearman_tx.server.peer_link import ServerPeerLink
    from gearman_tx.server.text_side import TextCommands
    from gearman_tx.store import Contents, Store


PROGRESS_SECONDS: Final = 2.0
"""How often the progress of loading is logged."""

_log = Logger("gearman_tx.server")


class Loading:
    """The loading of all stored jobs.

    Args:
        job_server: the core, still empty.
        clocks: tell the core the time.
        turn: the reactor turn.
        handlers: the table of handlers; it is changed in place.
        commands: the commands of the text protocol; those that change something wait.

    Attributes:
        total: how many jobs are to be loaded.
        done: how many are loaded.
        is_over: whether all are loaded.
    """

    def __init__(
        self,
        job_server: JobServer,
        clocks: Clocks,
        turn: Turn,
        handlers: dict[int, Handler],
        commands: TextCommands,
    ) -> None:
        self.total = 0
        self.done = 0
        self.is_over = False
        self._job_server = job_server
        self._clocks = clocks
        self._turn = turn
        self._handlers = handlers
        self._commands = commands
        self._real = dict(handlers)
        self._waiting: list[Connection] = []
        self._begun = self._logged = 0.0
        self._collects_garbage = True
        for packet_type in handlers:
            handlers[packet_type] = partial(self._postpone, packet_type)
        handlers[TEXT] = self._text

    def _postpone(self, packet_type: int, link: ServerPeerLink, body: bytes) -> bool:
        link.connection.put_back(packet_type, body)
        self._waiting.append(link.connection)
        return SUSPEND

    def _text(self, link: ServerPeerLink, line: bytes) -> bool | None:
        if self._commands.changes(line):
            return self._postpone(TEXT, link, line)
        return self._real[TEXT](link, line)

    def load(self, store: Store, contents: Contents) -> Deferred[int]:
        """Load the jobs of ``store``, then handle packets.

        Returns:
            Fires with how many jobs were loaded; fails if the store cannot be read.
        """
        self.total = contents.jobs
        self._begun = self._logged = self._turn.clock.seconds()
        if self.total:
            text = f"loading {{total}} stored {plural('job', self.total)}"
            _log.info(text, total=self.total, event="loading")
        # Loading makes no garbage; collecting it would take half of the time.
        self._collects_garbage = gc.isenabled()
        gc.disable()
        self._job_server.tables.set_ids(contents.ids)
        for name, settings in contents.settings.items():
            self._job_server.control.restore_settings(name, settings)
        return store.replay(self._take).addBoth(self._collect_again).addCallback(self._end)

    def _collect_again(self, result: int | Failure) -> int | Failure:
        """Collect garbage again, if it was collected before."""
        if self._collects_garbage:
            gc.enable()
        return result

    def _take(self, records: Sequence[JobRecord]) -> None:
        now = self._clocks.tell()
        self._job_server.act(now, lambda: self._restore(records))
        self.done += len(records)
        if now - self._logged >= PROGRESS_SECONDS:
            self._logged = now
            text = "{done} of {total} stored jobs are loaded"
            _log.info(text, done=self.done, total=self.total, event="loading")

    def _restore(self, records: Sequence[JobRecord]) -> None:
        restore = self._job_server.intake.restore
        for record in records:
            restore(record)

    def _end(self, count: int) -> int:
        seconds = self._turn.clock.seconds() - self._begun
        if count:
            text = f"loaded {{count}} stored {plural('job', count)} in {{seconds:.1f}} s"
            _log.info(text, count=count, seconds=seconds, event="loaded")
        self.is_over = True
        self._handlers |= self._real
        waiting, self._waiting = self._waiting, []
        for connection in waiting:
            connection.proceed()
        self._turn.touch()
        return count
