"""A client that reads more slowly than workers send to it: the workers wait, for a short time.

Theory of operation. When the unread output of a client is halfway to the limit at which it would be
dropped, the server stops reading from the workers that run the client's jobs. TCP then slows them
down. When the client has read a mebibyte, the server reads from them again. So the result of a job
may be larger than ``--max-output``, and the client gets all of it.

A worker may have jobs of other clients too, and its program may give up a server that takes nothing
for long. So a client is waited for only if it is worth it: if it does not read that mebibyte within
:data:`PATIENCE`, the workers go on, and they do not wait for it again until it has. It is then
dropped at the limit as before, like a client that does not read at all.

What never happens: a worker waits while a job of its own has a time limit, which would run out for
a reason that is not the worker's; or a worker that waits is taken for lost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from twisted.internet.interfaces import IDelayedCall, IReactorTime

    from gearman_tx.core import Peer

PATIENCE: Final = 3.0
"""Seconds that workers wait for a client to read a mebibyte.

A worker of this package gives up a server after thirty seconds without an answer. At this speed the
server reads everything that waits in the kernel's buffers, a few mebibytes, in less.
"""


class SlowReader:
    """The workers that wait for one client.

    Args:
        peer: the client.
        clock: the reactor.
    """

    def __init__(self, peer: Peer, clock: IReactorTime) -> None:
        self._peer = peer
        self._clock = clock
        self._waiting: dict[Any, None] = {}  # links of workers, ServerPeerLinks all of them
        self._deadline: IDelayedCall | None = None
        self._is_given_up = False

    def hold(self) -> None:
        """Let all workers wait that run jobs of the client; call it again when more was sent."""
        if self._is_given_up:
            return
        for job in self._peer.tasks:
            worker = job.worker
            if worker is None or worker is self._peer or worker.link in self._waiting:
                continue
            if all(own.timer is None for own in worker.running):
                link: Any = worker.link
                self._waiting[link] = None
                link.connection.wait()
        if self._waiting and self._deadline is None:
            self._deadline = self._clock.callLater(PATIENCE, self._give_up)

    def release(self) -> None:
        """The client has read enough, or is gone: let the workers go on."""
        self._is_given_up = False
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        self._let_go()

    def _give_up(self) -> None:
        """The client is too slow to wait for."""
        self._deadline = None
        self._is_given_up = True
        self._let_go()

    def _let_go(self) -> None:
        for link in self._waiting:
            # In a later turn, because the output of this one is still being written.
            self._clock.callLater(0, _go_on, link)
        self._waiting.clear()


def _go_on(link: Any) -> None:
    """Let a worker go on unless it is gone."""
    if link.connection is not None:
        link.connection.go_on()
