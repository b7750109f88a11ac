"""The TCP socket is found below whatever lies on it, and nothing else is taken for one."""

from __future__ import annotations

import socket

from twisted.internet.protocol import Factory
from twisted.internet.testing import StringTransport
from twisted.protocols.tls import TLSMemoryBIOFactory

from gearman_tx.link import Turn, tcp_socket
from gearman_tx.link.plain_socket import acknowledge_at_once
from tests.link.certificate import server_options
from tests.link.probe import Probe
from tests.link.transports import FdReactor, SocketTransport, connect, tcp_pair


def test_the_socket_of_a_tcp_transport() -> None:
    """A plain transport's own socket is the one."""
    near, far = tcp_pair()
    with near, far:
        assert tcp_socket(SocketTransport(near, None, FdReactor())) is near


def test_the_socket_below_tls_and_no_delay() -> None:
    """Below TLS the same socket is found, and a link sets it to send without delay."""
    near, far = tcp_pair()
    with near, far:
        reactor = FdReactor()
        link = Probe(Turn(reactor))
        inner = Factory.forProtocol(lambda: link)
        factory = TLSMemoryBIOFactory(server_options(), False, inner, reactor)
        connect(factory.buildProtocol(None), SocketTransport(near, None, reactor))
        assert tcp_socket(link.transport) is near
        assert near.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_unix_socket_is_none() -> None:
    """Twisted says that a Unix socket is TCP; here it is not."""
    near, far = socket.socketpair()
    with near, far:
        reactor = FdReactor()
        transport = SocketTransport(near, None, reactor)
        assert tcp_socket(transport) is None
        link = Probe(Turn(reactor))
        connect(link, transport)
        link.send(b"hello")
        reactor.advance(0)
        assert far.recv(10) == b"hello"


def test_a_transport_without_a_socket_has_none() -> None:
    """A transport in memory has no socket to set anything on."""
    assert tcp_socket(StringTransport()) is None


def test_asking_for_an_acknowledgement_never_fails() -> None:
    """A socket takes the wish at any time; one that is closed already is no error."""
    near, far = tcp_pair()
    with near, far:
        acknowledge_at_once(near)
    acknowledge_at_once(near)


def test_a_large_read_is_acknowledged_at_once() -> None:
    """A sender with a small buffer is not kept waiting for the kernel's delayed answer."""
    near, far = tcp_pair()
    with near, far:
        reactor = FdReactor()
        link = Probe(Turn(reactor))
        connect(link, SocketTransport(near, None, reactor))
        link.dataReceived(b"\n" * 40_000)
        assert len(link.handled) == 40_000
        link.connectionLost()
        link.dataReceived(b"\n" * 40_000)
        assert len(link.handled) == 40_000
