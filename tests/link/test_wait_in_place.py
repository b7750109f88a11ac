"""The set waits in the place of Twisted's epoll reactor, and the reactor misses nothing."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.internet.epollreactor import EPollReactor
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.selectreactor import SelectReactor
from twisted.python.failure import Failure
from typing_extensions import override

from gearman_tx.link import SocketSet, Turn
from tests.link.logs import LogBook
from tests.link.transports import FdReactor

PATIENCE = 20.0
"""Seconds after which a reactor that has not stopped is stopped, and the test fails."""


class Echo(Protocol):
    """Sends back the bytes that it receives, through the set."""

    def __init__(self, running: WaitingReactor) -> None:
        self._running = running

    @override
    def connectionMade(self) -> None:
        """Be adopted."""
        self._running.sockets.adopt(self.transport)

    @override
    def dataReceived(self, data: bytes) -> None:
        """Do what the test wants, and answer."""
        self._running.on_data(data)
        assert self.transport is not None
        self.transport.write(data)

    @override
    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Count it."""
        self._running.lost += 1


@define(eq=False)
class WaitingReactor:
    """A reactor of its own that listens, with a set that waits in its place.

    Attributes:
        reactor: the reactor.
        on_data: what is done when bytes come, before they are sent back.
        lost: how many connections were told that they ended.
        port: where it listens.
        is_late: whether the reactor had to be stopped by force.
    """

    reactor: Any = field(factory=EPollReactor)
    on_data: Callable[[bytes], object] = len
    lost: int = 0
    port: int = field(init=False)
    is_late: bool = False
    turn: Turn = field(init=False)
    sockets: SocketSet = field(init=False)

    def __attrs_post_init__(self) -> None:
        """Listen."""
        self.turn = Turn(self.reactor)
        self.sockets = SocketSet(self.reactor, self.turn)
        listener = self.reactor.listenTCP(
            0, Factory.forProtocol(lambda: Echo(self)), interface="127.0.0.1"
        )
        self.port = listener.getHost().port

    def connect(self) -> socket.socket:
        """Return the peer's end of a new connection."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)

    def run(self, peer: Callable[[], None]) -> None:
        """Run the reactor and, in a thread, ``peer``; end when the reactor was told to stop."""
        failures: list[BaseException] = []

        def run_peer() -> None:
            try:
                peer()
            except BaseException as failure:  # noqa: BLE001  # raised again below
                failures.append(failure)
                self.reactor.callFromThread(self.reactor.stop)

        def wait() -> None:
            assert self.sockets.wait_in_place()
            thread.start()

        def too_late() -> None:
            self.is_late = True
            self.reactor.crash()

        thread = threading.Thread(target=run_peer, daemon=True)
        self.reactor.callWhenRunning(wait)
        late = self.reactor.callLater(PATIENCE, too_late)
        self.reactor.run(installSignalHandlers=False)
        if late.active():
            late.cancel()
        thread.join(PATIENCE)
        assert not self.is_late, "the reactor did not stop"
        for failure in failures:
            raise failure

    def stop(self) -> None:
        """Stop the reactor, from any thread."""
        self.reactor.callFromThread(self.reactor.stop)


def echoes(peer: socket.socket, data: bytes = b"hello") -> bool:
    """Whether ``peer`` gets back what it sends."""
    peer.sendall(data)
    return peer.recv(len(data), socket.MSG_WAITALL) == data


@pytest.fixture
def running() -> Iterator[WaitingReactor]:
    """A listening reactor whose reactor's own descriptors are closed at the end."""
    made = WaitingReactor()
    yield made
    made.reactor.waker.connectionLost(None)
    made.reactor._poller.close()  # noqa: SLF001  # Twisted has no name for it


def test_sockets_are_served_and_the_reactor_still_accepts(running: WaitingReactor) -> None:
    """New connections come through the reactor, and their bytes through the set."""

    def peer() -> None:
        for _ in range(3):
            with running.connect() as connection:
                assert all(echoes(connection) for _ in range(10))
        running.stop()

    running.run(peer)


def test_connections_from_before_are_taken_along(running: WaitingReactor) -> None:
    """The set may have adopted some before it waits in the reactor's place."""
    with running.connect() as connection:
        while running.sockets.reader not in running.reactor.getReaders():
            running.reactor.iterate(PATIENCE)

        def peer() -> None:
            assert echoes(connection)
            running.stop()

        running.run(peer)


def test_a_timer_rings_while_no_socket_has_news(running: WaitingReactor) -> None:
    """The wait is no longer than the reactor's next timer, and a timer may stop the reactor."""

    def peer() -> None:
        with running.connect() as connection:
            assert echoes(connection)
            running.reactor.callFromThread(running.reactor.callLater, 0.01, running.reactor.stop)
            assert connection.recv(1) == b""

    running.run(peer)


def test_a_timer_rings_while_sockets_never_rest(running: WaitingReactor) -> None:
    """A connection that always has news does not keep the reactor from its timers."""
    has_rung = threading.Event()

    def peer() -> None:
        with running.connect() as connection:
            running.reactor.callFromThread(running.reactor.callLater, 0.01, has_rung.set)
            while not has_rung.is_set():
                assert echoes(connection)
        running.stop()

    running.run(peer)


def test_the_reactor_is_called_between_turns_that_never_end(running: WaitingReactor) -> None:
    """Calls from threads are heard while a connection always has news."""
    has_stopped = threading.Event()

    def ask() -> None:
        heard = threading.Event()
        for _ in range(20):
            running.reactor.callFromThread(heard.set)
            assert heard.wait(PATIENCE)
            heard.clear()
        has_stopped.set()

    def peer() -> None:
        asking = threading.Thread(target=ask, daemon=True)
        asking.start()
        with running.connect() as connection:
            while not has_stopped.is_set():
                assert echoes(connection, bytes(1000))
        running.stop()

    running.run(peer)


def test_what_a_protocol_calls_later_is_called(running: WaitingReactor) -> None:
    """A timed call of now, made while a socket is served, does not wait for the next news."""
    calls: list[bytes] = []
    running.on_data = lambda data: running.reactor.callLater(0, calls.append, data)

    def peer() -> None:
        called = threading.Event()
        with running.connect() as connection:
            assert echoes(connection, b"a")
            running.reactor.callFromThread(called.set)
            assert called.wait(PATIENCE)
        running.stop()

    running.run(peer)
    assert calls == [b"a"]


def test_a_protocol_may_stop_the_reactor(running: WaitingReactor) -> None:
    """The reactor ends at once, although nothing wakes it, and so do the connections."""
    running.on_data = lambda data: data == b"stop" and running.reactor.stop()

    def peer() -> None:
        with running.connect() as connection, running.connect() as other:
            assert echoes(other)
            connection.sendall(b"stop")
            while connection.recv(100):
                pass

    running.run(peer)
    assert running.lost == 2


def test_what_happens_while_the_reactor_ends_is_seen(running: WaitingReactor) -> None:
    """A reactor that waits for something before it ends still serves the sockets."""
    is_ending = threading.Event()

    def before_the_end() -> Deferred[None]:
        done: Deferred[None] = Deferred()
        running.on_data = lambda data: done.callback(None) if data == b"bye" else None
        is_ending.set()
        return done

    running.reactor.addSystemEventTrigger("before", "shutdown", before_the_end)

    def peer() -> None:
        with running.connect() as connection:
            assert echoes(connection)
            running.stop()
            assert is_ending.wait(PATIENCE)
            assert echoes(connection, b"last word")
            connection.sendall(b"bye")
            while connection.recv(100):
                pass

    running.run(peer)
    assert running.lost == 1


def test_a_turn_that_fails_is_not_the_last(running: WaitingReactor, log: LogBook) -> None:
    """It is logged, and the wait goes on."""
    errors = [ValueError("once")]

    def begin() -> None:
        if errors:
            raise errors.pop()

    running.turn.beginnings.append(begin)

    def peer() -> None:
        with running.connect() as connection:
            assert echoes(connection)
        running.stop()

    running.run(peer)
    assert [entry.rsplit(": ", 1)[1] for entry in log.failures()] == ["ValueError"]


@pytest.mark.parametrize("make", [SelectReactor, FdReactor])
def test_another_reactor_waits_for_itself(make: Callable[[], Any]) -> None:
    """Only the epoll reactor's descriptors can be waited for."""
    reactor = make()
    assert not SocketSet(reactor, Turn(reactor)).wait_in_place()
    if isinstance(reactor, SelectReactor):
        reactor.waker.connectionLost(None)


def test_stopping_before_the_wait_began(running: WaitingReactor) -> None:
    """A reactor that is told to stop in the same turn does so."""

    def stop() -> None:
        assert running.sockets.wait_in_place()
        running.reactor.stop()

    running.reactor.callWhenRunning(stop)
    running.reactor.run(installSignalHandlers=False)
    assert not running.reactor.running
