"""What an input and an output ask of the connection that they belong to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from gearman_tx.errors import Refused


class InputOwner(Protocol):
    """The connection of an input."""

    def refuse(self, refusal: Refused) -> None:
        """Answer a request that a handler refused."""

    def protocol_failed(self, reason: str) -> None:
        """End the connection: the peer sent bytes that are not the protocol."""

    def abort(self) -> None:
        """End the connection at once: a handler failed."""

    def has_read_much(self) -> None:
        """Note that a part of something large was read, and that more of it is to come."""

    def pause_reading(self) -> None:
        """Stop reading."""

    def resume_reading(self) -> None:
        """Read again."""


class OutputOwner(Protocol):
    """The connection of an output; it decides about a peer that does not read."""

    def output_is_high(self) -> None:
        """Stop reading from the peer."""

    def output_is_low(self) -> None:
        """Read from the peer again."""

    def output_is_crowded(self) -> None:
        """Slow down those who send to the peer; told again whenever they have sent more."""

    def output_has_room(self) -> None:
        """Let them send again."""

    def output_failed(self, reason: str) -> None:
        """Drop the peer; ``reason`` names the limit that was passed."""
