"""A connection as the handlers and the queues see it: who it is, and how it is answered.

It is apart from the Twisted protocol that it belongs to because it is compiled where speed
matters, and that is not.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, ClassVar, Final

from typing_extensions import override

from gearman_tx.core import PeerLink
from gearman_tx.wire import PacketType, response, response_header

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twisted.internet.interfaces import IReactorTime

    from gearman_tx.core import Peer
    from gearman_tx.link import Hole, Output

MOST_PROMISES: Final = 1000
"""How many submissions of one connection may wait for durability before it is read no further."""

MOST_PROMISED: Final = 16 * 1024 * 1024
"""Likewise, how many bytes these submissions may have; one may have more."""

_NOOP: Final = response(PacketType.NOOP)
_WORK_FAIL: Final = int(PacketType.WORK_FAIL)
_JOB_CREATED: Final = int(PacketType.JOB_CREATED)


class ServerPeerLink(PeerLink):
    """One client, worker or operator; it may be all of them at once.

    Args:
        connection: the Twisted protocol that it belongs to.
        clock: the reactor, for what must not be done in the midst of something.

    Attributes:
        connection: the Twisted protocol that it belongs to, until that is lost.
        output: what goes out to it.
        peer: what the queues know of it, while it is connected.
        assigned: the handle of the job that it was given last, as a worker.
    """

    __deletable__: ClassVar[list[str]] = ["peer"]
    __slots__ = (
        "_clock",
        "_is_full",
        "_promised",
        "_promises",
        "assigned",
        "connection",
        "output",
        "peer",
    )

    peer: Peer
    output: Output

    def __init__(self, connection: Any, clock: IReactorTime) -> None:
        self.connection = connection
        self.assigned = b""
        self._clock = clock
        # Where the answers of durable submissions go, and the sizes of these.
        self._promises: deque[tuple[Hole, int]] = deque()
        self._promised = 0
        self._is_full = False

    @property
    @override
    def fd(self) -> int:
        """PeerLink: the number of the file descriptor; -1 when there is none."""
        number: int = -1 if self.connection is None else self.connection.fd
        return number

    @property
    @override
    def host(self) -> str:
        """PeerLink: the address of the other end; ``unix`` for a Unix socket."""
        address: str = "-" if self.connection is None else self.connection.host
        return address

    def lose(self) -> None:
        """The connection is lost; without the cycles its memory is given back at once."""
        self.connection = None
        del self.peer

    def promise(self, size: int) -> bool:
        """Leave room for the answer to a submission of ``size`` bytes that waits for durability.

        Returns:
            Whether the units behind it have to wait too, because the disk is slower than the peer.
        """
        self._promises.append((self.output.hold(), size))
        self._promised += size
        self._is_full = len(self._promises) >= MOST_PROMISES or self._promised >= MOST_PROMISED
        return self._is_full

    def _keep_promise(self, answer: bytes) -> None:
        """Answer the oldest submission that waits, and go on reading when not many do."""
        hole, size = self._promises.popleft()
        self.output.fill(hole, answer)
        self._promised -= size
        if (self._is_full and self.connection is not None) and not (
            len(self._promises) > MOST_PROMISES // 2 or self._promised > MOST_PROMISED // 2
        ):
            self._is_full = False
            # Not now: the queues are in the midst of answering.
            self._clock.callLater(0, self.connection.proceed)

    @override
    def noop(self) -> None:
        """PeerLink: tell a sleeping worker that there may be work."""
        self.output.send(_NOOP)

    @override
    def update(self, parts: Sequence[bytes]) -> None:
        """PeerLink: pass on what a worker said."""
        self.output.send_parts(parts)

    @override
    def created(self, handle: bytes) -> None:
        """PeerLink: the oldest submission that waits for durability is durable."""
        self._keep_promise(response_header(_JOB_CREATED, len(handle)) + handle)

    @override
    def refused(self, code: bytes, text: bytes) -> None:
        """PeerLink: the oldest submission that waits for durability could not be stored."""
        if self.connection is not None:
            self.connection.tell_refused(code, text)
        self._keep_promise(response(PacketType.ERROR, code, text))

    @override
    def failed(self, handle: bytes) -> None:
        """PeerLink: the job ended without a result; the handle goes without a NUL behind it."""
        self.output.send(response_header(_WORK_FAIL, len(handle)) + handle)
