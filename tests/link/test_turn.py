"""One flush a turn, then the hooks; an error of one output or hook leaves the others alone."""

from __future__ import annotations

from gearman_tx.link import Turn
from tests.link.logs import LogBook
from tests.link.probe import Probe
from tests.link.transports import FdReactor, ScriptedTransport, connect
from tests.link.wiring import direct


def test_what_is_sent_in_one_turn_is_one_write() -> None:
    """However many packets a turn sends on a connection, its socket is called once."""
    made, transport = direct()
    made.link.send(b"one ")
    made.link.send_parts((b"two ", b"three "))
    made.link.send(b"four")
    assert transport.sends == []
    made.end_turn()
    assert transport.sends == [b"one two three four"]


def test_each_turn_has_a_write_of_its_own() -> None:
    """What the next turn sends goes out in its own write."""
    made, transport = direct()
    for word in (b"first", b"second"):
        made.link.send(word)
        made.end_turn()
    assert transport.sends == [b"first", b"second"]


def test_sending_nothing_writes_nothing() -> None:
    """An empty piece does not call the socket."""
    made, transport = direct()
    made.link.send(b"")
    made.end_turn()
    assert transport.sends == []
    assert made.reactor.getDelayedCalls() == []


def test_hooks_run_after_the_flush_once_a_turn() -> None:
    """A hook sees what the turn wrote, and a turn touched twice ends once."""
    made, transport = direct()
    seen: list[bytes] = []
    made.turn.hooks.append(lambda: seen.append(transport.received))
    made.link.send(b"data")
    made.turn.touch()
    made.turn.touch()
    made.end_turn()
    assert seen == [b"data"]
    made.end_turn()
    assert seen == [b"data"]


def test_a_turn_may_be_touched_without_output() -> None:
    """Hooks run at the end of a turn that wrote nothing."""
    reactor = FdReactor()
    turn = Turn(reactor)
    seen: list[int] = []
    turn.hooks.append(lambda: seen.append(1))
    turn.touch()
    reactor.advance(0)
    assert seen == [1]


def test_a_failing_hook_does_not_stop_the_others(log: LogBook) -> None:
    """Each hook runs, whatever happens to the one before it, and the failure is logged."""
    reactor = FdReactor()
    turn = Turn(reactor)
    seen: list[int] = []
    turn.hooks += [lambda: seen.append(1), lambda: seen.append(1 // 0), lambda: seen.append(3)]
    turn.touch()
    reactor.advance(0)
    assert seen == [1, 3]
    assert log.failures() == ["the work of a turn could not be done: ZeroDivisionError"]


def test_a_failing_flush_costs_its_own_connection_alone(log: LogBook) -> None:
    """A transport that raises is aborted; the connections behind it in the turn are written."""
    reactor = FdReactor()
    turn = Turn(reactor)
    broken, sound = Probe(turn), Probe(turn)
    transports = [ScriptedTransport(link, reactor) for link in (broken, sound)]
    for link, transport in zip((broken, sound), transports, strict=True):
        connect(link, transport)
        link.send(b"hello")
    transports[0].script.room = None  # type: ignore[assignment]  # so that writing raises TypeError
    reactor.advance(0)
    assert transports[1].received == b"hello"
    assert transports[0].disconnected
    assert (broken.ends, sound.ends) == (1, 0)
    assert log.failures() == ["a connection could not be written to: TypeError"]
