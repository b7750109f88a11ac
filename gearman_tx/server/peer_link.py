"""A connection as the handlers and the core see it: its peer and its output.

The module is apart from the Twisted protocol because it is compiled and the protocol is not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Final

from typing_extensions import override

from gearman_tx.core import PeerLink, Promise
from gearman_tx.link import Receipt
from gearman_tx.wire import PacketType, response, response_header

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twisted.internet.interfaces import IReactorTime

    from gearman_tx.core import Peer
    from gearman_tx.link import Hole, Output

MOST_PROMISES: Final = 1000
"""When so many submissions of one connection wait for durability, it is not read any further."""

MOST_PROMISED: Final = 16 * 1024 * 1024
"""The same limit for the bytes of their workloads together; a single one may have more."""

_NOOP: Final = response(PacketType.NOOP)
_WORK_FAIL: Final = int(PacketType.WORK_FAIL)
_JOB_CREATED: Final = int(PacketType.JOB_CREATED)


class ServerPeerLink(PeerLink):
    """One client, worker or operator; it may be all of them at once.

    Args:
        connection: its Twisted protocol.
        clock: the reactor, to resume reading in a later turn.

    Attributes:
        connection: its Twisted protocol, or None once the connection is lost.
        output: its output.
        peer: its peer in the core, while it is connected.
        assigned: the handle of the last job it got as a worker.
        is_full: whether its units must wait, because the disk is slower than the peer.
    """

    __deletable__: ClassVar[list[str]] = ["peer"]
    __slots__ = (
        "_clock",
        "_promised",
        "_promises",
        "assigned",
        "connection",
        "is_full",
        "output",
        "peer",
    )

    peer: Peer
    output: Output

    def __init__(self, connection: Any, clock: IReactorTime) -> None:
        self.connection = connection
        self.assigned = b""
        self.is_full = False
        self._clock = clock
        # How many submissions wait for durability, and the bytes of their workloads together.
        self._promises = 0
        self._promised = 0

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
        """Break the reference cycles of a lost connection, so that its memory is freed at once."""
        self.connection = None
        del self.peer

    @override
    def noop(self) -> None:
        """PeerLink: tell a sleeping worker that there may be work."""
        self.output.send(_NOOP)

    @override
    def promise(self, size: int) -> Promise:
        """PeerLink: keep the place of the answer to a submission that waits for durability."""
        self._promises += 1
        self._promised += size
        self.is_full = self._promises >= MOST_PROMISES or self._promised >= MOST_PROMISED
        return _Promise(self, self.output.hold(), size)

    def kept(self, size: int) -> None:
        """Count an answered promise of ``size`` bytes; read on when half of the limits is free."""
        self._promises -= 1
        self._promised -= size
        if (self.is_full and self.connection is not None) and not (
            self._promises > MOST_PROMISES // 2 or self._promised > MOST_PROMISED // 2
        ):
            self.is_full = False
            # In a later turn, because the core is still answering.
            self._clock.callLater(0, self.connection.proceed)

    @override
    def update(self, parts: Sequence[bytes]) -> None:
        """PeerLink: send a worker's packet."""
        self.output.send_parts(parts)

    @override
    def failed(self, handle: bytes) -> None:
        """PeerLink: the job ended without a result; no NUL follows the handle."""
        self.output.send(response_header(_WORK_FAIL, len(handle)) + handle)


class _Promise(Promise):
    """A hole in the output of one connection, to be filled with the answer to a submission."""

    __slots__ = ("_hole", "_link", "_size")

    def __init__(self, link: ServerPeerLink, hole: Hole, size: int) -> None:
        self._link = link
        self._hole = hole
        self._size = size

    @override
    def created(self, handle: bytes) -> None:
        """Promise: the job is durable."""
        self._answer(response_header(_JOB_CREATED, len(handle)) + handle)

    @override
    def refused(self, code: bytes, text: bytes) -> None:
        """Promise: the job could not be stored."""
        connection = self._link.connection
        if connection is not None:
            connection.tell_refused(code, text)
        self._answer(response(PacketType.ERROR, code, text))

    def _answer(self, data: bytes) -> None:
        """Fill the hole with the answer."""
        link = self._link
        output = link.output
        output.fill(self._hole, Receipt(data) if output.backlog.size else data)
        link.kept(self._size)
