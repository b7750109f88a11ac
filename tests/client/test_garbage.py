"""Invalid packets end the connection; no task waits forever, nothing else breaks."""

from __future__ import annotations

from functools import partial

from hypothesis import given
from hypothesis import strategies as st

from gearman_tx.wire import LAST_PACKET_TYPE, PacketType, request, response_header
from tests.client.client_case import ClientCase

UNASKED = {
    "JOB_CREATED answers nothing": response_header(PacketType.JOB_CREATED, 3) + b"H:1",
    "STATUS_RES answers nothing": response_header(PacketType.STATUS_RES, 3) + b"H:1",
    "ECHO_RES answers nothing": response_header(PacketType.ECHO_RES, 3) + b"abc",
    "an ERROR answers nothing": response_header(PacketType.ERROR, 3) + b"a\0b",
    "type 11 was not expected": response_header(PacketType.JOB_ASSIGN, 0),
    "the text line b'220 hello' was not expected": b"220 hello\r\n",
    "the magic of a request": request(PacketType.ECHO_REQ, b""),
    "packet type 99 is outside": response_header(99, 0),
    "over the limit of 100": response_header(PacketType.ECHO_RES, 101),
    "does not start a packet": b"\0HT",
}
"""Bytes by the reason that the log gives for ending the connection."""


class GarbageTests(ClientCase):
    """Bytes that are not valid here."""

    def test_garbage_ends_the_connection_and_the_task_moves(self) -> None:
        """One log line says why; the client reconnects and submits again."""
        for reason, data in UNASKED.items():
            client, peer = self.connected(max_packet=100)
            warnings = self.warnings(partial(peer.send_bytes, data))
            assert len(warnings) == 1
            assert reason in warnings[0]
            assert warnings[0].startswith("dropped job server s0: ")
            task = client.submit("f", b"x")
            self.advance(1)
            self.fakes[0].accept().create(b"H:1")
            assert task.handle == b"H:1"

    def test_what_was_read_before_the_garbage_counts(self) -> None:
        """Packets after it in the same read are dropped."""
        client, peer = self.connected()
        task = client.submit("f", b"x")
        peer.read()
        created = response_header(PacketType.JOB_CREATED, 3) + b"H:1"
        done = response_header(PacketType.WORK_COMPLETE, 7) + b"H:1\0yes"
        peer.send_bytes(created + done + b"garbage\n" + created + done)
        assert self.successResultOf(task.result) == b"yes"
        assert peer.transport.disconnecting

    def test_packets_about_unknown_jobs_are_dropped(self) -> None:
        """They may be late, or for a cancelled task."""
        client, peer = self.connected()
        for packet_type in (PacketType.WORK_DATA, PacketType.WORK_WARNING):
            peer.send(packet_type, b"H:9", b"x")
        peer.send(PacketType.WORK_STATUS, b"H:9", b"1", b"2")
        peer.send(PacketType.WORK_COMPLETE, b"H:9", b"x")
        peer.send(PacketType.WORK_FAIL, b"H:9")
        assert not peer.transport.disconnecting
        assert client.submit("f", b"x").handle is None

    @given(
        data=st.lists(
            st.one_of(
                st.binary(max_size=40),
                st.builds(
                    lambda number, body: response_header(number, len(body)) + body,
                    st.integers(0, LAST_PACKET_TYPE + 1),
                    st.sampled_from([b"", b"H:1", b"H:1\0", b"H:1\0x\0y", b"\0", b"H:2\0x"]),
                ),
            ),
            max_size=12,
        )
    )
    def test_whatever_comes_every_task_ends(self, data: list[bytes]) -> None:
        """After any bytes, closing the client ends every task."""
        self.setUp()
        client, peer = self.connected()
        results = [
            client.submit("f", b"x", retries=number, background=number == 2).result.addBoth(
                lambda _: None
            )
            for number in range(3)
        ]
        results += [client.echo(b"H:1").addBoth(lambda _: None)]
        results += [client.status(b"H:1").addBoth(lambda _: None)]
        peer.read()
        for piece in data:
            peer.send_bytes(piece)
        closed = client.close(wait=0)
        self.advance(3)
        self.successResultOf(closed)
        assert [self.successResultOf(result) for result in results] == [None] * 5
        assert self.clock.getDelayedCalls() == []
