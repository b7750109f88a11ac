"""The input of one connection: cut into units, handled in order, held back when it must wait.

Theory of operation. Each read is decoded into units (packets and text lines), and each unit is
given to the handler of its type. A handler that cannot finish at once returns ``SUSPEND``: the
units behind it wait until ``proceed``, and so do bytes that the transport still delivers. The same
holds between ``hold`` and ``release``: while the peer does not read its answers, or sends more than
others can read. The input asks its owner to stop reading and to read again.

The class is separate from the Twisted protocol around it because it is compiled for speed, and a
Twisted protocol cannot be.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from twisted.logger import Logger

from gearman_tx.errors import Refused, RemoteProtocolError

if TYPE_CHECKING:
    from collections.abc import Collection

    from gearman_tx.link.handler import Handler
    from gearman_tx.link.owners import InputOwner
    from gearman_tx.wire import PacketDecoder

LARGE_READ: Final = 32 * 1024
"""A read of at least so many bytes is a part of something large."""

_log: Final = Logger()


class Input:
    """The input of one connection.

    Args:
        decoder: fresh, for the packets of this direction.
        handlers: the handler of every type that the decoder may return.
        owner: the connection.
        subject: the first argument of the handlers.

    Attributes:
        units: how many units became whole by the last read.
        unit_size: the average size in bytes of the last units that became whole.
    """

    __slots__ = (
        "_arrived",
        "_decoder",
        "_handlers",
        "_holds",
        "_is_suspended",
        "_owner",
        "_put_back",
        "_subject",
        "_unread",
        "_waiting",
        "unit_size",
        "units",
    )

    def __init__(
        self,
        decoder: PacketDecoder,
        handlers: dict[int, Handler],
        owner: InputOwner,
        subject: Any,
    ) -> None:
        self._decoder: PacketDecoder | None = decoder  # None when the connection is over
        self._handlers = handlers
        self._owner: InputOwner | None = owner
        self._subject = subject
        self._waiting: list[tuple[int, Any]] | None = None  # units to be handled later
        self._put_back: tuple[int, Any] | None = None  # a unit to be handled again
        self._unread: list[bytes] = []  # bytes that a transport delivered while paused
        self._is_suspended = False  # a handler is not done
        self._holds = 0  # how many reasons there are to take no requests
        self._arrived = 0  # bytes since the last unit became whole
        self.units = 0
        self.unit_size = 0

    @property
    def missing(self) -> int:
        """How many bytes the packet that is being read still lacks."""
        decoder = self._decoder
        return 0 if decoder is None else decoder.missing

    @property
    def buffered(self) -> int:
        """How many bytes are held of a unit that is not whole yet."""
        decoder = self._decoder
        return 0 if decoder is None else decoder.buffered

    def receive(self, data: bytes) -> None:
        """Take the bytes of a read, and handle them unless they have to wait."""
        decoder = self._decoder
        if decoder is None:
            return
        size = len(data)
        if self._is_suspended or self._holds:
            self._unread.append(data)
            return
        units = decoder.feed(data)
        self.units = count = len(units)
        self._arrived += size
        if count:
            self.unit_size = self._arrived // count
            self._arrived = 0
        if size >= LARGE_READ and decoder.missing and self._owner is not None:
            self._owner.has_read_much()
        self._handle(units)

    def _handle(self, units: list[tuple[int, Any]]) -> None:
        """Give each unit to its handler until there is none left or one suspends the rest."""
        owner = self._owner
        assert owner is not None, "an input that has ended handles nothing"
        subject = self._subject
        handlers = self._handlers
        done = 0
        count = len(units)
        try:
            while done < count:
                packet_type, body = units[done]
                done += 1
                try:
                    if handlers[packet_type](subject, body):
                        self._suspend(units[done:])
                        return
                except Refused as refusal:
                    owner.refuse(refusal)
        except RemoteProtocolError as error:
            owner.protocol_failed(str(error))
        except Exception:  # noqa: BLE001  # an error of one connection ends that one alone
            _log.failure("a packet could not be handled", event="bug")
            owner.abort()
        else:
            decoder = self._decoder
            if decoder is not None and decoder.error is not None:
                owner.protocol_failed(str(decoder.error))

    def _suspend(self, units: list[tuple[int, Any]]) -> None:
        """Keep ``units`` for :meth:`proceed`, behind the one that was put back."""
        if self._put_back is not None:
            units.insert(0, self._put_back)
            self._put_back = None
        self._is_suspended = True
        if self._decoder is not None:
            self._waiting = units
        self._pause()

    def put_back(self, packet_type: int, body: Any) -> None:
        """Have a unit handled again, before those behind it, by a handler that suspends them."""
        self._put_back = (packet_type, body)

    def proceed(self) -> None:
        """Go on behind the unit whose handler returned ``SUSPEND``; not from that handler."""
        self._is_suspended = False
        self._go_on()

    def hold(self) -> None:
        """Take no more requests from the peer until each call is followed by a ``release``."""
        self._holds += 1
        self._pause()

    def release(self) -> None:
        """Take requests again, unless there is another reason not to."""
        self._holds -= 1
        self._go_on()

    def _go_on(self) -> None:
        """Handle the units that wait, then read again, unless something else holds them back."""
        while not (self._is_suspended or self._holds):
            decoder, owner = self._decoder, self._owner
            if decoder is None or owner is None:
                return
            if self._waiting is not None:
                units = self._waiting
                self._waiting = None
                self._handle(units)
            elif self._unread:
                self._handle(decoder.feed(self._unread.pop(0)))
            else:
                owner.resume_reading()
                return

    def _pause(self) -> None:
        if self._owner is not None:
            self._owner.pause_reading()

    def handle_rest(self, types: Collection[int]) -> None:
        """The peer is gone: handle the units of ``types`` that wait, and forget the others."""
        decoder, units = self._decoder, self._waiting or []
        self._waiting = None
        for data in self._unread:
            if decoder is not None:
                units += decoder.feed(data)
        self._unread.clear()
        for packet_type, body in units:
            if packet_type in types:
                try:
                    self._handlers[packet_type](self._subject, body)
                except (Refused, RemoteProtocolError):
                    continue  # no one is left who could be told
                except Exception:  # noqa: BLE001  # an error of one packet ends that one alone
                    _log.failure("a packet could not be handled", event="bug")

    def end(self) -> None:
        """Handle nothing more; forget the units that wait, a partial packet and the owner."""
        self._decoder = None
        self._waiting = None
        self._unread.clear()
        self._owner = None
        self._subject = None
