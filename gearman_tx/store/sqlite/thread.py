"""The thread that waits for the disk, so that the reactor does not have to.

It runs one call after another. It is a daemon thread: a disk that never answers does not keep the
process from ending. A commit under way is then as after power loss: either complete or absent.
"""

from __future__ import annotations

from queue import SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any, TypeVar

from twisted.internet.defer import Deferred, fail
from twisted.python.failure import Failure

from gearman_tx.store.port import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable

    from twisted.internet.interfaces import IReactorFromThreads

    T = TypeVar("T")


class StoreThread:
    """One thread, from the first call until it is stopped.

    Args:
        reactor: gets the results, by ``callFromThread``.
    """

    def __init__(self, reactor: IReactorFromThreads) -> None:
        self._reactor = reactor
        self._calls: SimpleQueue[Any] = SimpleQueue()
        self._thread: Thread | None = None
        self._is_stopped = False

    def call(self, function: Callable[..., T], *arguments: object) -> Deferred[T]:
        """Run ``function`` in the thread.

        Returns:
            Fires in the reactor with the function's result; fails with its exception, or with
            :class:`StoreError` if the thread is stopped. Cancelling is not supported.
        """
        if self._is_stopped:
            return fail(StoreError("the store is closed"))
        if self._thread is None:
            # Not earlier: a process that becomes a daemon keeps only the thread that forks.
            self._thread = Thread(target=self._work, name="gearmand-store", daemon=True)
            self._thread.start()
        done: Deferred[T] = Deferred()
        self._calls.put((done, function, arguments))
        return done

    def stop(self) -> None:
        """End the thread after the calls that it already has."""
        self._is_stopped = True
        self._calls.put(None)

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            done, function, arguments = call
            result: object
            try:
                result = function(*arguments)
            except BaseException:  # noqa: BLE001  # the caller gets it as a failure
                result = Failure()
            self._reactor.callFromThread(done.callback, result)
            del call, done, function, arguments, result
