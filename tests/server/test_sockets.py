"""Things that only real sockets show: their options, addresses, loss, TLS."""

from __future__ import annotations

import socket
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from twisted.internet.endpoints import (
    SSL4ClientEndpoint,
    SSL4ServerEndpoint,
    TCP4ClientEndpoint,
    TCP4ServerEndpoint,
    TCP6ClientEndpoint,
    TCP6ServerEndpoint,
    UNIXClientEndpoint,
    UNIXServerEndpoint,
)
from twisted.internet.error import ConnectError
from twisted.python.runtime import platform
from typing_extensions import override

from gearman_tx.link import OutputLimits, tcp_socket
from gearman_tx.server import ConnectionLimits, Keepalive
from gearman_tx.server.keepalive import SYSTEM
from tests.link.certificate import client_options, server_options
from tests.server import packets as p
from tests.server.packets import req, res
from tests.server.real_server import RawPeer, RealServerTestCase

LOOPBACK = "127.0.0.1"
ECHO = req(p.ECHO_REQ, b"data")
ECHOED = res(p.ECHO_RES, b"data")


class AddressTests(RealServerTestCase):
    """The address of a connection in the report ``workers``."""

    async def _tcp(self) -> RawPeer:
        port = await self.listen(TCP4ServerEndpoint(self.reactor, 0, interface=LOOPBACK))
        return await self.call(TCP4ClientEndpoint(self.reactor, LOOPBACK, port.getHost().port))

    def _fd(self) -> int:
        (connection,) = self.factory.connections
        return connection.fd

    async def test_ipv4(self) -> None:
        """A connection over IPv4 is shown with its address and descriptor."""
        caller = await self._tcp()
        answer = await caller.ask(b"workers\n", b".\n")
        assert answer == b"%d 127.0.0.1 - :\n.\n" % self._fd()
        assert self._fd() > 2

    async def test_ipv6(self) -> None:
        """A connection over IPv6 is shown as such; the C server prints garbage there."""
        port = await self.listen(TCP6ServerEndpoint(self.reactor, 0, interface="::1"))
        caller = await self.call(TCP6ClientEndpoint(self.reactor, "::1", port.getHost().port))
        answer = await caller.ask(b"workers\n", b".\n")
        assert answer == b"%d ::1 - :\n.\n" % self._fd()

    async def test_unix(self) -> None:
        """A connection over a Unix socket has no address, and is served like any other."""
        with TemporaryDirectory() as folder:
            path = f"{folder}/socket"
            port = await self.listen(UNIXServerEndpoint(self.reactor, path))
            caller = await self.call(UNIXClientEndpoint(self.reactor, path))
            answer = await caller.ask(b"workers\n", b".\n")
            assert answer == b"%d unix - :\n.\n" % self._fd()
            assert await caller.ask(ECHO, ECHOED) == ECHOED
            await port.stopListening()  # it removes the socket's file

    async def test_tls(self) -> None:
        """A connection over TLS is shown with the address below it, and closed in good order."""
        options = server_options()
        port = await self.listen(SSL4ServerEndpoint(self.reactor, 0, options, interface=LOOPBACK))
        number = port.getHost().port
        client = SSL4ClientEndpoint(self.reactor, LOOPBACK, number, client_options())
        caller = await self.call(client)
        answer = await caller.ask(b"workers\n", b".\n")
        assert answer == b"%d 127.0.0.1 - :\n.\n" % self._fd()
        large = res(p.ECHO_RES, bytes(3_000_000))
        assert await caller.ask(req(p.ECHO_REQ, bytes(3_000_000)), large) == large
        assert await caller.ask(ECHO + b"\0BAD", ECHOED) == ECHOED
        await caller.lost

    async def test_a_lost_worker_gives_up_its_job(self) -> None:
        """A real loss of a connection puts its job back and takes it out of the reports."""
        worker = await self._tcp()
        worker.wire.write(req(p.CAN_DO, b"f") + req(p.SUBMIT_JOB_BG, b"f", b"", b"data"))
        await worker.ask(req(p.GRAB_JOB), b"f\0data")
        worker.wire.abortConnection()
        await self.until(lambda: not self.factory.connections)
        (job,) = self.jobs.tables.jobs
        assert (job.worker, job.losses) == (None, 1)


class KeepaliveTests(RealServerTestCase):
    """The options of the sockets of accepted connections."""

    keepalive = Keepalive(idle=77, interval=11, count=3)

    @override
    def limits(self) -> ConnectionLimits:
        """Return limits with keep-alive values of the test's own."""
        return ConnectionLimits(keepalive=self.keepalive)

    def _values(self) -> list[int]:
        (connection,) = self.factory.connections
        plain = tcp_socket(connection.transport)
        assert plain is not None
        options = (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT)
        values = [plain.getsockopt(socket.IPPROTO_TCP, option) for option in options]
        on = plain.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        return [on, plain.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY), *values]

    async def test_tcp(self) -> None:
        """Keep-alive and its three values are set, and small packets are sent at once."""
        port = await self.listen(TCP4ServerEndpoint(self.reactor, 0, interface=LOOPBACK))
        caller = await self.call(TCP4ClientEndpoint(self.reactor, LOOPBACK, port.getHost().port))
        await caller.ask(ECHO, ECHOED)
        assert self._values() == [1, 1, 77, 11, 3]

    async def test_tls(self) -> None:
        """Over TLS the values are set on the socket below."""
        options = server_options()
        port = await self.listen(SSL4ServerEndpoint(self.reactor, 0, options, interface=LOOPBACK))
        number = port.getHost().port
        client = SSL4ClientEndpoint(self.reactor, LOOPBACK, number, client_options())
        caller = await self.call(client)
        await caller.ask(ECHO, ECHOED)
        assert self._values() == [1, 1, 77, 11, 3]


class SystemKeepaliveTests(KeepaliveTests):
    """Values that are left to the operating system."""

    keepalive = Keepalive(idle=SYSTEM, interval=0, count=SYSTEM)

    if not platform.isLinux():
        skip = "the values of other systems are not known here"

    @override
    async def test_tcp(self) -> None:
        """Keep-alive is on, and its values are the system's."""
        port = await self.listen(TCP4ServerEndpoint(self.reactor, 0, interface=LOOPBACK))
        caller = await self.call(TCP4ClientEndpoint(self.reactor, LOOPBACK, port.getHost().port))
        await caller.ask(ECHO, ECHOED)
        assert self._values() == [1, 1, *_system_values()]

    test_tls: Any = None


def _system_values() -> list[int]:
    names = ("time", "intvl", "probes")
    return [int(Path(f"/proc/sys/net/ipv4/tcp_keepalive_{name}").read_text()) for name in names]


class RoomTests(RealServerTestCase):
    """A server with room for one connection."""

    @override
    def limits(self) -> ConnectionLimits:
        """Return limits with room for one connection, and small ones for its output."""
        output = OutputLimits(pause=100_000, most=10**8, timeout=30.0)
        return ConnectionLimits(connections=1, output=output)

    async def test_a_waiting_connection_is_served_when_another_ends(self) -> None:
        """The second connection waits in the kernel, and is accepted when the first is gone."""
        port = await self.listen(TCP4ServerEndpoint(self.reactor, 0, interface=LOOPBACK))
        self.factory.gate.watch(port)
        endpoint = TCP4ClientEndpoint(self.reactor, LOOPBACK, port.getHost().port)
        first = await self.call(endpoint)
        await first.ask(ECHO, ECHOED)
        second = await self.call(endpoint)
        answer = second.ask(ECHO, ECHOED)
        await first.ask(ECHO, ECHOED)
        assert len(self.factory.connections) == 1
        first.wire.loseConnection()
        assert await answer == ECHOED

    async def test_a_stopped_port_refuses(self) -> None:
        """After the stop no connection is accepted."""
        port = await self.listen(TCP4ServerEndpoint(self.reactor, 0, interface=LOOPBACK))
        number = port.getHost().port
        self.factory.gate.watch(port)
        await port.stopListening()
        with pytest.raises(ConnectError):
            await self.call(TCP4ClientEndpoint(self.reactor, LOOPBACK, number))

    async def test_a_large_answer_to_a_half_closed_caller_is_whole(self) -> None:
        """EOF behind a request, with its answer far beyond the socket's buffer."""
        port = await self.listen(TCP4ServerEndpoint(self.reactor, 0, interface=LOOPBACK))
        caller = await self.call(TCP4ClientEndpoint(self.reactor, LOOPBACK, port.getHost().port))
        large = res(p.ECHO_RES, bytes(20_000_000))
        answer = caller.ask(req(p.ECHO_REQ, bytes(20_000_000)), large)
        caller.wire.loseWriteConnection()
        assert await answer == large
        await caller.lost
