"""A queue that outlives the process: open and load it, keep it, finish and close it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twisted.internet.defer import Deferred, succeed
from twisted.logger import Logger

from gearman_tx.server.loading import Loading
from gearman_tx.server.store_calls import StoreCalls
from gearman_tx.store import StoreError

if TYPE_CHECKING:
    from twisted.python.failure import Failure

    from gearman_tx.core import JobServer
    from gearman_tx.server.factory import GearmanFactory
    from gearman_tx.server.log import ServerLog
    from gearman_tx.store import Store

    Figure = tuple[str, str | int | float]

_log = Logger("gearman_tx.server")


class DurableQueue:
    """Join the core to a store. Packets wait from the start until all jobs are loaded.

    Args:
        job_server: the core, still empty, made with ``durable`` true.
        store: the store, not open yet.
        factory: the connections.
        server_log: the log.

    Attributes:
        loaded: fires with the number of loaded jobs when all are loaded; fails with
            :class:`gearman_tx.store.StoreError` if they cannot be read.
    """

    def __init__(
        self, job_server: JobServer, store: Store, factory: GearmanFactory, server_log: ServerLog
    ) -> None:
        self.loaded: Deferred[int] = Deferred()
        self._job_server = job_server
        self._store = store
        self._turn = factory.turn
        self._loading = Loading(
            job_server, factory.clocks, factory.turn, factory.handlers, factory.commands
        )
        self._calls = StoreCalls(job_server, store, factory.clocks, factory.turn, server_log)
        self._is_closing = False

    def open(self) -> Deferred[None]:
        """Open the store and begin to load it.

        Returns:
            Fires when the store is open; :attr:`loaded` fires later. Fails with
            :class:`gearman_tx.store.StoreError`, whose text is one line for the operator.
        """
        return Deferred.fromCoroutine(self._open())

    async def _open(self) -> None:
        contents = await self._store.open()
        self._log_notices(0)
        loading = self._loading.load(self._store, contents)
        loading.addCallback(self._start, len(self._store.state.notices))
        loading.addErrback(self._not_loaded)
        loading.chainDeferred(self.loaded)

    def _start(self, count: int, logged: int) -> int:
        self._log_notices(logged)
        self._turn.hooks.append(self._calls.adjust)
        self._calls.start()
        return count

    def _log_notices(self, first: int) -> None:
        for notice in self._store.state.notices[first:]:
            _log.warn("{notice}", notice=notice, event="store_notice")

    def _not_loaded(self, failure: Failure) -> Failure | int:
        """Pass on that the stored jobs could not be read, unless the server stops anyway."""
        return self._loading.done if self._is_closing else failure

    def finish(self) -> Deferred[None]:
        """Before connections close: store and answer submissions, and refuse new ones.

        Returns:
            Fires when that is done or has failed, after a bounded time; it does not fail.
        """
        self._is_closing = True
        self._job_server.control.drain()
        return self._calls.finish() if self._loading.is_over else succeed(None)

    def close(self) -> Deferred[None]:
        """After all connections closed: store the jobs' ends since, and close the store.

        Returns:
            Fires when the store is closed or that has failed, after a bounded time; it does not
            fail.
        """
        return Deferred.fromCoroutine(self._close())

    async def _close(self) -> None:
        self._is_closing = True
        unused = range(0)
        if self._loading.is_over:
            await self._calls.stop()
            unused = self._job_server.tables.unused_ids
        try:
            await self._store.close(unused)
        except StoreError as error:
            _log.error("{error}", error=error, event="store_not_closed")

    def figures(self) -> list[Figure]:
        """Return the state of the queue, as names and values, for reports.

        Times are Unix seconds, sizes bytes; an empty text means none.
        """
        state, ledger = self._store.state, self._job_server.ledger
        return [
            ("kind", state.kind),
            ("path", state.location),
            ("state", self._word()),
            ("jobs", state.jobs),
            ("size", state.size),
            ("log", state.unmerged),
            ("commits", state.commits),
            ("added", state.jobs_added),
            ("errors", state.errors),
            ("waiting", ledger.waiting),
            ("lag", self._calls.lag),
            ("last-commit", state.last_commit),
            ("last-seconds", state.last_seconds),
            ("last-error", state.last_error),
            *(("notice", notice) for notice in state.notices),
        ]

    def _word(self) -> str:
        if not self._loading.is_over:
            return f"loading {self._loading.done} of {self._loading.total}"
        return "failing" if self._store.state.last_error else "ok"
