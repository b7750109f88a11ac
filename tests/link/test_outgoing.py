"""Connections to a job server: one reason for their end, and no pause in reading."""

from __future__ import annotations

from twisted.internet.protocol import Protocol
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase

from gearman_tx.errors import Refused
from gearman_tx.link import LinkLimits, OutgoingLink, Turn, outgoing_handlers
from gearman_tx.wire import PacketType, response


class OutgoingTests(SynchronousTestCase):
    """An outgoing link on a string transport."""

    def setUp(self) -> None:
        """Connect."""
        self.clock = Clock()
        self.transport = StringTransport()
        self.seen: list[bytes] = []

        def refuse(_link: OutgoingLink, body: bytes) -> None:
            raise Refused(b"NO", body)

        handlers = outgoing_handlers(
            {
                PacketType.NOOP: lambda _link, body: self.seen.append(body),
                PacketType.NO_JOB: refuse,
            }
        )
        self.link = OutgoingLink("s0", Turn(self.clock), handlers, LinkLimits(heartbeat=5))
        Protocol.makeConnection(self.link, self.transport)

    def test_expected_packets_reach_their_handlers(self) -> None:
        """And the answer to the heartbeat needs none."""
        self.link.dataReceived(response(PacketType.ECHO_RES, b"x") + response(PacketType.NOOP))
        assert self.seen == [b""]
        assert not self.link.is_over

    def test_output_that_piles_up_does_not_stop_the_reading(self) -> None:
        """The server reads again when its answers are read, so they must be."""
        self.link.output_is_high()
        self.link.dataReceived(response(PacketType.NOOP))
        assert self.seen == [b""]
        self.link.output_is_low()
        assert self.transport.producerState == "producing"

    def test_a_server_that_does_not_read_is_dropped(self) -> None:
        """With the reason that the output gives."""
        self.link.output_failed("too much is unread")
        assert (self.link.is_over, self.link.is_dropped) == (True, True)
        assert self.link.reason == "too much is unread"

    def test_the_first_reason_stays(self) -> None:
        """What follows from it is not told."""
        self.link.protocol_failed("nonsense")
        self.link.protocol_failed("more nonsense")
        assert self.link.reason == "nonsense"

    def test_a_handler_that_refuses_ends_the_connection(self) -> None:
        """A server cannot be answered with ERROR."""
        self.link.dataReceived(response(PacketType.NO_JOB))
        assert self.link.reason == "NO: "

    def test_nothing_is_left_on_the_clock(self) -> None:
        """The heartbeat ends with the connection."""
        self.link.abort()
        assert self.clock.getDelayedCalls() == []
