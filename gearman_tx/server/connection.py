"""A connection of the job server: bytes on one side, a peer of the core on the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from twisted.internet.protocol import connectionDone
from typing_extensions import override

from gearman_tx.addresses import address_text
from gearman_tx.link import OutputLimits, PacketLink, Receipt, Turn
from gearman_tx.server.handlers import BACKGROUND, IN_PIECES
from gearman_tx.server.peer_link import ServerPeerLink
from gearman_tx.server.slow_reader import SlowReader
from gearman_tx.wire import (
    DEFAULT_MAX_PACKET,
    DEFAULT_MAX_TEXT_LINE,
    REQUEST_MAGIC,
    PacketDecoder,
    PacketType,
    response,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from twisted.python.failure import Failure

    from gearman_tx.core import JobServer, Peer
    from gearman_tx.errors import Refused
    from gearman_tx.server.log import ServerLog

_MAPPED_IPV4: Final = "::ffff:"  # how an IPv6 socket names an IPv4 peer


class Connection(PacketLink):
    """One client, worker or operator; it may be all of them at once.

    Args:
        job_server: the core.
        turn: the reactor turn that output is gathered in.
        handlers: what to do with each packet and with text lines.
        server_log: the log.
        output_limits: how much the peer may leave unread.
        max_packet: largest packet body, in bytes.
        max_text_line: longest text line, in bytes.
        on_made: called once, when the connection is made.
        on_lost: called once, when the connection is lost.

    Attributes:
        link: the connection as handlers and the core see it.
    """

    # The socket set may skip dataReceived: the factory sets the time at the beginning of each turn.
    receives_directly = True

    def __init__(  # noqa: PLR0913  # the factory is the only caller
        self,
        job_server: JobServer,
        turn: Turn,
        handlers: dict[int, Callable[[Any, bytes], bool | None]],
        server_log: ServerLog,
        *,
        output_limits: OutputLimits,
        max_packet: int = DEFAULT_MAX_PACKET,
        max_text_line: int = DEFAULT_MAX_TEXT_LINE,
        on_made: Callable[[Connection], None],
        on_lost: Callable[[Connection], None],
    ) -> None:
        decoder = PacketDecoder(REQUEST_MAGIC, max_packet, max_text_line, IN_PIECES)
        link = self.link = ServerPeerLink(self, turn.clock)
        super().__init__(turn, decoder, handlers, output_limits, link)
        link.output = self.output
        self._job_server = job_server
        self._tables = job_server.tables
        self._turn = turn
        self._seconds = turn.clock.seconds
        self._server_log = server_log
        self._on_made = on_made
        self._on_lost = on_lost
        self._fd = -1
        self._host = "-"
        self._is_dismissed = False
        self._slow_reader: SlowReader | None = None  # once it was crowded

    @property
    def peer(self) -> Peer:
        """Its peer in the core, while it is connected."""
        return self.link.peer

    @property
    def fd(self) -> int:
        """The number of the file descriptor, for reports; -1 when there is none."""
        return self._fd

    @property
    def host(self) -> str:
        """The address of the other end, for reports; ``unix`` for a Unix socket."""
        return self._host

    @property
    def address(self) -> str:
        """Host and port of the other end, for the log; ``unix`` for a Unix socket."""
        assert self.transport is not None, "Twisted sets it first"
        port = getattr(self.transport.getPeer(), "port", None)
        return self._host if port is None else address_text(self._host, port)

    @override
    def connectionMade(self) -> None:
        """Twisted: the connection is made."""
        super().connectionMade()
        transport = self.transport
        assert transport is not None, "Twisted sets it first"
        fileno = getattr(transport, "fileno", None)
        self._fd = fileno() if fileno is not None else -1
        host = str(getattr(transport.getPeer(), "host", "unix"))
        self._host = host.removeprefix(_MAPPED_IPV4)
        self.link.peer = self._job_server.join(self.link)
        self._on_made(self)
        self._server_log.connected(self)

    @override
    def dataReceived(self, data: bytes) -> None:
        """Twisted: bytes arrived; handle them at the time of their arrival."""
        self._tables.now = self._seconds()
        self._turn.touch()
        super().dataReceived(data)

    @override
    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Twisted: the connection is lost."""
        super().connectionLost(reason)
        self._turn.touch()
        self._on_lost(self)
        self.link.lose()

    @override
    def ending(self) -> None:
        """PacketLink: take the background jobs in that were received before the end."""
        if not self._is_dismissed:
            self._tables.now = self._seconds()
            self._turn.touch()
            self.input.handle_rest(BACKGROUND)

    @override
    def ended(self) -> None:
        """PacketLink: the connection has ended; its jobs go to other workers."""
        if self._slow_reader is not None:
            self._slow_reader.release()
        if self._is_dismissed:
            return
        self._tables.now = self._seconds()
        self._turn.touch()
        if self.peer.running:
            self._server_log.worker_lost(self)
        self._server_log.disconnected(self)
        self._job_server.leaving.leave(self.peer)

    def dismiss(self) -> None:
        """Close the connection because the job server ends; the core does not count it as lost.

        Output that the kernel takes now is sent. If older output is still unsent, all is dropped.
        """
        self._is_dismissed = True
        if self.queued:
            self.abort()
        else:
            self.close()

    @override
    def proceed(self) -> None:
        """PacketLink: go on with the input; handle it at the present time, not at its arrival."""
        self._tables.now = self._seconds()
        self._turn.touch()
        super().proceed()

    @override
    def output_is_low(self) -> None:
        """PacketLink: take requests again, as :meth:`proceed` does."""
        self._tables.now = self._seconds()
        self._turn.touch()
        super().output_is_low()

    def tell_http(self) -> None:
        """TextSide: log that the peer sent an HTTP request."""
        self._server_log.http_asked(self)

    @override
    def output_is_crowded(self) -> None:
        """PacketLink: let the workers wait that send to this client."""
        if self._slow_reader is None:
            self._slow_reader = SlowReader(self.peer, self._turn.clock)
        self._slow_reader.hold()

    @override
    def output_has_room(self) -> None:
        """PacketLink: let the workers go on."""
        if self._slow_reader is not None:
            self._slow_reader.release()

    def wait(self) -> None:
        """SlowReader: read no more from this worker, until :meth:`go_on`."""
        self.input.hold()

    def go_on(self) -> None:
        """SlowReader: take the packets of this worker again."""
        self.output_is_low()  # does the same for the other reason to hold them

    def tell_refused(self, code: bytes, text: bytes) -> None:
        """ServerPeerLink: log a request that was answered with ERROR."""
        self._server_log.refused(self, code, text)

    @override
    def refuse(self, refusal: Refused) -> None:
        """PacketLink: a handler refused a request; answer ERROR and log it."""
        self.tell_refused(refusal.code, refusal.text)
        answer = response(PacketType.ERROR, refusal.code, refusal.text)
        self.send(Receipt(answer) if self.output.backlog.size else answer)

    @override
    def protocol_failed(self, reason: str) -> None:
        """PacketLink: the bytes are not Gearman's; send the answers already due, then close."""
        self._server_log.dropped(self, reason)
        self.close()

    @override
    def output_failed(self, reason: str) -> None:
        """PacketLink: the peer does not read; abort, so that its jobs go to other workers."""
        self._server_log.dropped(self, reason)
        self.abort()
