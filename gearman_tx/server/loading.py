"""Bring the stored jobs back at start, while the text protocol answers already.

Until all jobs are back, packets wait: a submission must find the job it coalesces with, and a
worker the oldest job first. So do the text commands that change something, for what they change may
not be back yet; reports show what is. The table of handlers begins with ones that put things off,
and gets the real ones when loading is over.
"""

from __future__ import annotations

import gc
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from twisted.logger import Logger

from gearman_tx.link import SUSPEND
from gearman_tx.wire import TEXT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from twisted.internet.defer import Deferred
    from twisted.python.failure import Failure

    from gearman_tx.core import JobRecord, JobServer
    from gearman_tx.link import Turn
    from gearman_tx.server.connection import Connection
    from gearman_tx.server.peer_link import ServerPeerLink
    from gearman_tx.server.text_side import TextCommands
    from gearman_tx.store import Contents, Store

    Handler = Callable[[Any, bytes], bool | None]

PROGRESS_SECONDS: Final = 2.0
"""How often the log tells how far the loading is."""

_log = Logger("gearman_tx.server")


class Loading:
    """The time between the start and the moment when all stored jobs are back.

    Args:
        job_server: the core, empty.
        turn: the reactor turn.
        handlers: the table of handlers; it is changed in place.
        commands: the commands of the text protocol; those that change something wait.

    Attributes:
        total: how many jobs are to be loaded.
        done: how many are back.
        is_over: whether all are.
    """

    def __init__(
        self,
        job_server: JobServer,
        turn: Turn,
        handlers: dict[int, Handler],
        commands: TextCommands,
    ) -> None:
        self.total = 0
        self.done = 0
        self.is_over = False
        self._job_server = job_server
        self._turn = turn
        self._handlers = handlers
        self._commands = commands
        self._real = dict(handlers)
        self._waiting: list[Connection] = []
        self._begun = self._told = 0.0
        self._collects_garbage = True
        for packet_type in handlers:
            handlers[packet_type] = partial(self._put_off, packet_type)
        handlers[TEXT] = self._text

    def _put_off(self, packet_type: int, link: ServerPeerLink, body: bytes) -> bool:
        link.connection.put_back(packet_type, body)
        self._waiting.append(link.connection)
        return SUSPEND

    def _text(self, link: ServerPeerLink, line: bytes) -> bool | None:
        if self._commands.changes(line):
            return self._put_off(TEXT, link, line)
        return self._real[TEXT](link, line)

    def load(self, store: Store, contents: Contents) -> Deferred[int]:
        """Bring back what ``store`` holds, then let packets through.

        Returns:
            Fires with how many jobs were loaded; fails if the store cannot be read.
        """
        self.total = contents.jobs
        self._begun = self._told = self._turn.clock.seconds()
        if self.total:
            _log.info("loading {total} stored jobs", total=self.total)
        # Jobs are made and nothing is thrown away: looking for garbage would take half of the time.
        self._collects_garbage = gc.isenabled()
        gc.disable()
        self._job_server.tables.set_ids(contents.ids)
        for name, settings in contents.settings.items():
            self._job_server.control.restore_settings(name, settings)
        return store.replay(self._take).addBoth(self._collect_again).addCallback(self._end)

    def _collect_again(self, result: int | Failure) -> int | Failure:
        """Go on with the collection of garbage."""
        if self._collects_garbage:
            gc.enable()
        return result

    def _take(self, records: Sequence[JobRecord]) -> None:
        now = self._turn.clock.seconds()
        self._job_server.act(now, lambda: self._restore(records))
        self.done += len(records)
        if now - self._told >= PROGRESS_SECONDS:
            self._told = now
            _log.info("{done} of {total} stored jobs are loaded", done=self.done, total=self.total)

    def _restore(self, records: Sequence[JobRecord]) -> None:
        restore = self._job_server.intake.restore
        for record in records:
            restore(record)

    def _end(self, count: int) -> int:
        seconds = self._turn.clock.seconds() - self._begun
        if count:
            text = "{count} stored jobs were loaded in {seconds:.1f} s"
            _log.info(text, count=count, seconds=seconds)
        self.is_over = True
        self._handlers |= self._real
        waiting, self._waiting = self._waiting, []
        for connection in waiting:
            connection.proceed()
        self._turn.touch()
        return count
