"""A link that notes what happens to it, with a handler for each thing that a handler may do."""

from __future__ import annotations

from typing_extensions import override

from gearman_tx.errors import Refused, RemoteProtocolError
from gearman_tx.link import SUSPEND, Handler, OutputLimits, PacketLink, Turn
from gearman_tx.wire import TEXT, PacketDecoder, PacketType, response_header


class Probe(PacketLink):
    """A link whose text lines say what to do, and which answers ECHO_REQ.

    ``refuse``, ``malformed``, ``fail`` raise what their names say; ``suspend`` suspends; any
    other line is answered by itself.

    Attributes:
        handled: every unit that was handled, in order.
        refusals: the texts of refused requests.
        reasons: why the protocol failed.
        too_slow: why the output failed.
        highs: True whenever the output became high, False whenever it became low.
        crowds: True whenever others were to be slowed down, False whenever they might go on.
        ends: how often ``ended`` was called.
    """

    def __init__(
        self,
        turn: Turn,
        limits: OutputLimits | None = None,
        handlers: dict[int, Handler] | None = None,
    ) -> None:
        table = handlers if handlers is not None else {}
        table.setdefault(PacketType.ECHO_REQ, _echo)
        table.setdefault(TEXT, _line)
        super().__init__(turn, PacketDecoder(), table, limits or OutputLimits())
        self.handled: list[bytes] = []
        self.refusals: list[bytes] = []
        self.reasons: list[str] = []
        self.too_slow: list[str] = []
        self.highs: list[bool] = []
        self.crowds: list[bool] = []
        self.ends = 0

    @override
    def output_is_high(self) -> None:
        """Note it and pause."""
        self.highs.append(True)
        super().output_is_high()

    @override
    def output_is_low(self) -> None:
        """Note it and go on."""
        self.highs.append(False)
        super().output_is_low()

    @override
    def output_is_crowded(self) -> None:
        """Note it."""
        self.crowds.append(True)

    @override
    def output_has_room(self) -> None:
        """Note it."""
        self.crowds.append(False)

    @override
    def ended(self) -> None:
        """Count it."""
        self.ends += 1

    @override
    def refuse(self, refusal: Refused) -> None:
        """Note it and answer."""
        self.refusals.append(refusal.text)
        self.send(b"refused\n")

    @override
    def protocol_failed(self, reason: str) -> None:
        """Note it and close."""
        self.reasons.append(reason)
        self.close()

    @override
    def output_failed(self, reason: str) -> None:
        """Note it and abort."""
        self.too_slow.append(reason)
        self.abort()


def _echo(link: Probe, body: bytes) -> None:
    link.handled.append(body)
    link.send_parts((response_header(PacketType.ECHO_RES, len(body)), body))


def _line(link: Probe, line: bytes) -> bool | None:
    link.handled.append(line)
    if line == b"refuse":
        raise Refused(b"CODE", b"not granted")
    if line == b"malformed":
        raise RemoteProtocolError("no such line")
    if line == b"fail":
        raise ZeroDivisionError
    if line == b"suspend":
        return SUSPEND
    link.send(line + b"\n")
    return None
