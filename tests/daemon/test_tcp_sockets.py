"""The server's own TCP sockets: their addresses and errors."""

from __future__ import annotations

import errno
import os
import socket
import threading
from collections.abc import Iterator, Sequence

import pytest

from gearman_tx.daemon.tcp_sockets import open_sockets
from gearman_tx.errors import ConfigurationError

BACKLOG = 16


@pytest.fixture
def taken() -> Iterator[socket.socket]:
    """Listen on a port of 127.0.0.1."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


def close(sockets: Sequence[socket.socket]) -> None:
    """Close all of ``sockets``."""
    for one in sockets:
        one.close()


def test_a_name_has_all_its_addresses_once() -> None:
    """All sockets of ``localhost`` have one port, and no address occurs twice."""
    sockets, _ = open_sockets("localhost", 0, BACKLOG)
    names = [one.getsockname()[:2] for one in sockets]
    close(sockets)
    assert ("127.0.0.1", names[0][1]) in names
    assert len({port for _, port in names}) == 1
    assert len(set(names)) == len(names)


def test_sockets_are_as_a_server_needs_them() -> None:
    """They do not block, and they reuse a port that was just closed."""
    sockets, left_out = open_sockets("127.0.0.1", 0, BACKLOG)
    (one,) = sockets
    assert one.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR)
    assert one.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    assert not one.getblocking()
    assert left_out == []
    close(sockets)


@pytest.mark.skipif(not socket.has_ipv6, reason="this machine has no IPv6")
def test_ipv6_is_for_ipv6_alone() -> None:
    """An IPv6 socket accepts no IPv4 peers."""
    sockets, _ = open_sockets("::1", 0, BACKLOG)
    (one,) = sockets
    assert one.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY)
    close(sockets)


def test_a_machine_without_ipv6(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server listens on IPv4 alone, and the reason is returned."""
    make = socket.socket

    def without_ipv6(family: socket.AddressFamily, kind: int) -> socket.socket:
        if family == socket.AF_INET6:
            raise OSError(errno.EAFNOSUPPORT, "Address family not supported by protocol")
        return make(family, kind)

    monkeypatch.setattr(socket, "socket", without_ipv6)
    sockets, left_out = open_sockets("", 0, BACKLOG)
    port = sockets[0].getsockname()[1]
    close(sockets)
    assert len(sockets) == 1
    assert left_out == [f"cannot listen on [::]:{port}: Address family not supported by protocol"]


def test_a_taken_port(taken: socket.socket) -> None:
    """The message has the address, the reason and a hint."""
    port = taken.getsockname()[1]
    with pytest.raises(ConfigurationError) as error:
        open_sockets("127.0.0.1", port, BACKLOG)
    assert str(error.value) == (
        f"cannot listen on 127.0.0.1:{port}: Address already in use "
        "(another program listens there; stop it or choose another --port)"
    )


def test_nothing_is_kept_when_one_address_is_taken(taken: socket.socket) -> None:
    """The sockets that were opened before are closed; an open one would be a warning."""
    with pytest.raises(ConfigurationError):
        open_sockets("", taken.getsockname()[1], BACKLOG)


def test_patience(taken: socket.socket) -> None:
    """A port that becomes free within the time is used."""
    port = taken.getsockname()[1]
    timer = threading.Timer(0.2, taken.close)
    timer.start()
    sockets, _ = open_sockets("127.0.0.1", port, BACKLOG, patience=20)
    timer.join()
    assert sockets[0].getsockname()[1] == port
    close(sockets)


def test_an_address_of_another_machine() -> None:
    """Without an address of this machine there is an error."""
    with pytest.raises(ConfigurationError, match=r"192\.0\.2\.1:4730: Cannot assign requested"):
        open_sockets("192.0.2.1", 4730, BACKLOG)


@pytest.mark.parametrize("host", ["no.such.host.invalid", "x" * 64 + ".invalid", "a..b"])
def test_a_name_that_is_not_known(host: str) -> None:
    """The message names it."""
    with pytest.raises(ConfigurationError, match="--listen: cannot find the address of"):
        open_sockets(host, 4730, BACKLOG)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may listen on every port")
def test_a_port_for_root() -> None:
    """The message names the necessary right."""
    with pytest.raises(ConfigurationError, match="ports below 1024 need root"):
        open_sockets("127.0.0.1", 1, BACKLOG)
