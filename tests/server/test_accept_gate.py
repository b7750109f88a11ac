"""No more connections are accepted than the limit; the others wait."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from twisted.internet.tcp import Port

from gearman_tx.server import ConnectionLimits
from gearman_tx.server.accept_gate import EXHAUSTED, REST_SECONDS, PatientSocket
from tests.link.logs import LogBook
from tests.server.server_fixture import ServerFixture

MakePort = Callable[[], Any]


@pytest.fixture
def stage() -> ServerFixture:
    """Return a job server with room for three connections."""
    return ServerFixture(limits=ConnectionLimits(connections=3))


@pytest.fixture
def make_port(stage: ServerFixture) -> Iterator[MakePort]:
    """Return what listens on another port of 127.0.0.1 for the stage."""
    ports: list[Any] = []

    def make() -> Any:
        port: Any = Port(0, stage.factory, interface="127.0.0.1", reactor=stage.clock)
        port.startListening()
        ports.append(port)
        stage.factory.gate.watch(port)
        return port

    yield make
    for port in ports:
        port.connectionLost(None)


def test_ports_are_paused_while_there_is_no_room(
    stage: ServerFixture, make_port: MakePort, log: LogBook
) -> None:
    """At the limit no port accepts; when a connection ends all do again."""
    ports = [make_port(), make_port()]
    peers = [stage.connect() for _ in range(3)]
    stage.end_turn()
    assert not any(port in stage.clock.readers for port in ports)
    assert log.warnings == ["no more connections are accepted while 3 are open"]
    peers.pop().leaves()
    assert all(port in stage.clock.readers for port in ports)
    peers.append(stage.connect())
    stage.end_turn()
    assert not any(port in stage.clock.readers for port in ports)


def test_a_port_that_comes_while_there_is_no_room_waits(
    stage: ServerFixture, make_port: MakePort
) -> None:
    """A port that begins to listen when the server is full accepts when it no longer is."""
    peers = [stage.connect() for _ in range(3)]
    stage.end_turn()
    port = make_port()
    assert port not in stage.clock.readers
    peers[0].leaves()
    assert port in stage.clock.readers


def test_a_port_accepts_no_more_in_a_turn_than_there_is_room_for(make_port: MakePort) -> None:
    """The room is shared between the ports, so that a burst does not pass the limit."""
    port = make_port()
    assert port.numberAccepts == 3
    other = make_port()
    assert (port.numberAccepts, other.numberAccepts) == (1, 1)


def test_a_port_without_undocumented_names_is_paused_all_the_same(
    stage: ServerFixture, make_port: MakePort
) -> None:
    """Where Twisted has no ``numberAccepts`` and no ``socket``, a port is paused and resumed."""
    port = make_port()
    del port.numberAccepts
    stage.factory.gate.watch(Port(0, stage.factory, reactor=stage.clock))
    peers = [stage.connect() for _ in range(3)]
    stage.end_turn()
    assert port not in stage.clock.readers
    peers[0].leaves()
    assert port in stage.clock.readers


def test_a_port_without_a_socket_is_left_alone(stage: ServerFixture) -> None:
    """A listening port of another kind is not touched."""
    other: Any = object()
    stage.factory.gate.watch(other)
    for _ in range(3):
        stage.connect()
    stage.end_turn()


def test_without_descriptors_ports_rest_for_a_moment(
    stage: ServerFixture, make_port: MakePort, log: LogBook
) -> None:
    """When the system has no room the port rests, and tries again after a second."""
    port = make_port()
    port.socket._on_exhausted(OSError(errno.EMFILE, "Too many open files"))  # noqa: SLF001
    assert port not in stage.clock.readers
    assert len(log.warnings) == 1
    port.socket._on_exhausted(OSError(errno.EMFILE, "Too many open files"))  # noqa: SLF001
    assert len(log.warnings) == 1
    stage.clock.advance(REST_SECONDS)
    assert port in stage.clock.readers


def test_a_connection_that_ends_ends_the_rest(stage: ServerFixture, make_port: MakePort) -> None:
    """Its descriptor is free, so the ports need not wait longer."""
    port = make_port()
    peer = stage.connect()
    port.socket._on_exhausted(OSError(errno.ENFILE, "File table overflow"))  # noqa: SLF001
    peer.leaves()
    assert port in stage.clock.readers
    assert stage.clock.getDelayedCalls() == []


def test_a_stopped_gate_opens_nothing(stage: ServerFixture, make_port: MakePort) -> None:
    """After the stop no port is resumed and no rest is under way."""
    port = make_port()
    peer = stage.connect()
    port.socket._on_exhausted(OSError(errno.ENFILE, "File table overflow"))  # noqa: SLF001
    stage.factory.stop()
    peer.leaves()
    assert port not in stage.clock.readers
    assert stage.clock.getDelayedCalls() == []


class FailingSocket:
    """A listening socket whose ``accept`` fails."""

    def __init__(self, number: int) -> None:
        self._number = number

    def accept(self) -> None:
        """Fail.

        Raises:
            OSError: with the number that was given.
        """
        raise OSError(self._number, "no")

    def fileno(self) -> int:
        """Return a number."""
        return 7


@pytest.mark.parametrize("number", sorted(EXHAUSTED))
def test_exhaustion_looks_as_if_no_connection_waited(number: int) -> None:
    """Twisted sees EWOULDBLOCK and does nothing; the gate gets the error."""
    told: list[OSError] = []
    patient = PatientSocket(FailingSocket(number), told.append)
    with pytest.raises(BlockingIOError):
        patient.accept()
    assert [error.errno for error in told] == [number]
    assert patient.fileno() == 7


def test_other_errors_of_accept_are_twisteds() -> None:
    """A connection that went away while it waited is no exhaustion."""
    told: list[OSError] = []
    with pytest.raises(ConnectionAbortedError):
        PatientSocket(FailingSocket(errno.ECONNABORTED), told.append).accept()
    assert told == []
