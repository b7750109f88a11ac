"""Without an undocumented name of Twisted, everything takes the path of Twisted's public names."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from twisted.internet.epollreactor import EPollReactor
from twisted.internet.protocol import Factory
from typing_extensions import override

from gearman_tx.link import SocketSet, Turn, twisted_probe
from gearman_tx.wire import PacketType, request, response
from tests.link.probe import Probe

PATIENCE = 20.0
LARGE = bytes(4 * 1024 * 1024)
MISSING = "a_name_that_twisted_does_not_have"


class AdoptedProbe(Probe):
    """A probe that offers its transport to a set of sockets."""

    def __init__(self, turn: Turn, sockets: SocketSet) -> None:
        super().__init__(turn)
        self._sockets = sockets

    @override
    def connectionMade(self) -> None:
        """Offer the transport."""
        super().connectionMade()
        self._sockets.adopt(self.transport)


@pytest.fixture
def reactor() -> Iterator[Any]:
    """An epoll reactor, whose own descriptors are closed at the end."""
    made: Any = EPollReactor()
    yield made
    made.waker.connectionLost(None)
    made._poller.close()  # noqa: SLF001  # Twisted has no name for it


def talk(port: int) -> None:
    """Ask for small and large answers; fail unless they come whole and in order."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as peer:
        for _ in range(3):
            peer.sendall(b"one\ntwo\n")
            assert peer.recv(8, socket.MSG_WAITALL) == b"one\ntwo\n"
        sender = threading.Thread(target=peer.sendall, args=(request(PacketType.ECHO_REQ, LARGE),))
        sender.start()
        answer = response(PacketType.ECHO_RES, LARGE)
        received = bytearray()
        while len(received) < len(answer):
            received += peer.recv(1 << 20)
        sender.join(PATIENCE)
        assert received == answer


@pytest.mark.parametrize("hidden", ["", "PLAIN_NAMES", "SERVED_NAMES", "REACTOR_NAMES"])
def test_everything_works_without_the_names(
    reactor: Any, monkeypatch: pytest.MonkeyPatch, hidden: str
) -> None:
    """Where a name is missing, the socket or the wait is the reactor's; answers are the same."""
    if hidden:
        names = getattr(twisted_probe, hidden)
        monkeypatch.setattr(twisted_probe, hidden, (*names, MISSING))
    turn = Turn(reactor)
    sockets = SocketSet(reactor, turn)
    links: list[AdoptedProbe] = []

    def build() -> AdoptedProbe:
        links.append(AdoptedProbe(turn, sockets))
        return links[-1]

    factory = Factory.forProtocol(build)
    port = reactor.listenTCP(0, factory, interface="127.0.0.1").getHost().port
    waits: list[bool] = []
    errors: list[BaseException] = []
    adopted: list[bool] = []

    def peer() -> None:
        try:
            talk(port)
            adopted.append(links[0].transport.reactor is not reactor)  # type: ignore[union-attr]  # it is a socket's
        except BaseException as error:  # noqa: BLE001  # raised again below
            errors.append(error)
        finally:
            reactor.callFromThread(reactor.stop)

    thread = threading.Thread(target=peer, daemon=True)

    def start() -> None:
        waits.append(sockets.wait_in_place())
        thread.start()

    reactor.callWhenRunning(start)
    late = reactor.callLater(3 * PATIENCE, reactor.crash)
    reactor.run(installSignalHandlers=False)
    assert late.active(), "the reactor did not stop"
    late.cancel()
    for error in errors:
        raise error
    assert waits == [hidden != "REACTOR_NAMES"]
    assert adopted == [hidden not in {"PLAIN_NAMES", "SERVED_NAMES"}]
    assert [link.ends for link in links] == [1]


def test_the_names_are_there(reactor: Any) -> None:
    """This Twisted has the names, so the fast paths are taken."""
    assert twisted_probe.can_be_waited_for(reactor)
