"""How connections end, and what the core makes of it."""

from __future__ import annotations

import gc
import weakref

from twisted.internet.protocol import Factory

from gearman_tx.link import OutputLimits
from gearman_tx.server import ConnectionLimits
from gearman_tx.server.peer_link import MOST_PROMISES
from gearman_tx.server.slow_reader import PATIENCE
from tests.link.logs import LogBook
from tests.server import packets as p
from tests.server.held_store_fixture import HeldStoreFixture
from tests.server.packets import handle, req, res
from tests.server.server_fixture import ServerFixture

OUTPUT = OutputLimits(pause=200_000, most=2_000_000, timeout=60.0)


def test_a_reader_that_stops_reading_is_paused_then_dropped(log: LogBook) -> None:
    """Its requests wait, then it is dropped with a log line, and its queued jobs are kept."""
    stage = ServerFixture(limits=ConnectionLimits(output=OUTPUT))
    reader = stage.connect(reads=False)
    reader.tells(req(p.SUBMIT_JOB_BG, b"f", b"", b"kept") + req(p.ECHO_REQ, bytes(400_000)))
    assert not reader.is_heard
    reader.tells(req(p.SUBMIT_JOB_BG, b"f", b"", b"not yet"))
    assert stage.status() == b"f\t1\t0\t0\n.\n"
    stage.clock.advance(60)
    assert not reader.is_served
    assert len(log.warnings) == 1
    assert log.warnings[0].startswith("192.168.1.1:54321 (fd -1) was dropped: ")
    assert log.warnings[0].endswith("bytes of output are unread and none was taken in 60 seconds")
    stage.worker(b"f").grabs(1, b"f", b"kept")


def test_a_reader_that_reads_again_is_served_again() -> None:
    """A paused connection goes on where it was when it has read enough."""
    stage = ServerFixture(limits=ConnectionLimits(output=OUTPUT))
    reader = stage.connect(reads=False)
    reader.tells(req(p.ECHO_REQ, bytes(400_000)))
    reader.tells(req(p.ECHO_REQ, b"later"))
    reader.reads()
    reader.reads()
    echoes = res(p.ECHO_RES, bytes(400_000)) + res(p.ECHO_RES, b"later")
    assert reader.hears() == echoes
    assert reader.is_heard
    assert stage.clock.getDelayedCalls() == []


def test_results_for_a_client_that_does_not_read_are_bounded(log: LogBook) -> None:
    """A worker that floods such a client loses nothing; the client is dropped at the limit."""
    stage = ServerFixture(limits=ConnectionLimits(output=OUTPUT))
    client, worker = stage.connect(reads=False), stage.worker(b"f")
    client.tells(req(p.SUBMIT_JOB, b"f", b"", b""))
    worker.grabs(1, b"f")
    sent = 0
    while client.is_served:
        if not worker.is_heard:  # it waits for the client
            stage.clock.advance(PATIENCE)
        worker.tells(req(p.WORK_DATA, handle(1), bytes(100_000)))
        sent += 100_000
        assert client.connection.queued <= OUTPUT.most
    assert sent <= OUTPUT.most + 300_000
    assert "the limit is 2000000" in log.warnings[0]
    assert worker.asks(req(p.WORK_COMPLETE, handle(1), b"")) == b""
    assert worker.is_served


def test_a_dropped_worker_is_a_lost_worker(log: LogBook) -> None:
    """The jobs of a connection that sends rubbish go to others in the same turn."""
    stage = ServerFixture()
    client, bad, good = stage.connect(), stage.worker(b"f"), stage.sleeper(b"f")
    client.submits(1, b"f")
    bad.grabs(1, b"f")
    good.hears()
    good.tells(req(p.PRE_SLEEP))
    bad.tells(b"\0BAD")
    assert good.hears() == p.NOOP_PACKET
    good.grabs(1, b"f")
    assert [("dropped" in line, "1 running job" in line) for line in log.warnings] == [
        (True, False),
        (False, True),
    ]
    bad.leaves()
    assert stage.status() == b"f\t1\t1\t1\n.\n"


def test_a_closing_connection_hears_of_no_more_jobs(stage: ServerFixture) -> None:
    """A client that is being closed is no client any more; its foreground job is dropped."""
    client, worker = stage.connect(), stage.worker(b"f")
    client.tells(req(p.SUBMIT_JOB, b"f", b"", b"") + b"\0BAD")
    assert client.hears() == p.created(1)
    assert worker.asks(req(p.GRAB_JOB)) == p.NO_JOB_PACKET


def test_stopping_closes_every_connection(stage: ServerFixture, log: LogBook) -> None:
    """At the stop replies of the turn still go out; no loss is logged or counted."""
    client, worker, reader = stage.connect(), stage.worker(b"f"), stage.connect(reads=False)
    client.submits(1, b"f")
    worker.grabs(1, b"f")
    sleeper = stage.sleeper(b"f")
    reader.tells(req(p.ECHO_REQ, bytes(400_000)))
    client.gives(req(p.ECHO_REQ, b"last"))
    stage.factory.stop()
    assert client.hears() == res(p.ECHO_RES, b"last")
    assert not any(peer.is_served for peer in (client, worker, reader, sleeper))
    assert reader.transport.disconnected
    assert not client.transport.disconnected
    for peer in (client, worker, reader, sleeper):
        peer.leaves()
    assert sleeper.hears() == b""
    assert log.warnings == []
    assert stage.factory.connections == set()
    assert stage.factory.gate.count == 0
    assert stage.clock.getDelayedCalls() == []
    job = stage.jobs.tables.jobs.get(handle(1))
    assert job is not None
    assert job.losses == 0


def test_the_factory_counts_its_connections(stage: ServerFixture) -> None:
    """Connections are in the set from their making to their loss, dropped ones too."""
    assert isinstance(stage.factory, Factory)
    one, two = stage.connect(), stage.connect()
    assert stage.factory.connections == {one.connection, two.connection}
    two.tells(b"\0BAD")
    assert stage.factory.gate.count == 2
    two.leaves()
    one.leaves()
    assert stage.factory.connections == set()
    assert stage.factory.gate.count == 0


def test_a_lost_connection_is_freed_at_once(stage: ServerFixture) -> None:
    """No cycle keeps a connection, or what it held, until the interpreter sweeps its memory."""
    gc.collect()
    gc.disable()
    try:
        peer = stage.worker(b"f")
        peer.tells(req(p.SUBMIT_JOB, b"f", b"", b""), req(p.GRAB_JOB), b"status\n")
        peer.tells(b"\0REQ\0\0\0\x07\0\x10\0\0" + bytes(100_000))
        connection = weakref.ref(peer.connection)
        peer.leaves()
        peer.transport.producer = None
        del peer
        assert connection() is None
    finally:
        gc.enable()


def test_a_connection_that_closes_keeps_no_part_of_a_packet(stage: ServerFixture) -> None:
    """What came of a packet that will never be whole is dropped with the first word of the end."""
    peer = stage.connect(reads=False, buffer=1000)
    peer.tells(req(p.ECHO_REQ, bytes(300_000)))
    peer.tells(b"\0REQ\0\0\0\x07\0\x10\0\0" + bytes(100_000))
    held = peer.connection.input.buffered
    peer.connection.readConnectionLost()
    assert peer.connection.queued > 0
    assert (held, peer.connection.input.buffered) == (100_000, 0)


def test_a_lost_connection_is_in_no_report(stage: ServerFixture) -> None:
    """``workers`` and ``status`` forget a peer with its connection."""
    stage.worker(b"f").leaves()
    peer = stage.connect()
    assert peer.asks(b"workers\n") == b"-1 192.168.1.1 - :\n.\n"
    assert peer.asks(b"status\n") == b"f\t0\t0\t0\n.\n"


def test_background_jobs_that_wait_for_the_disk_outlive_their_client() -> None:
    """What was read before the client left is stored, though more was sent than may wait."""
    stage = HeldStoreFixture(ConnectionLimits())
    client = stage.connect()
    one = req(p.SUBMIT_JOB_BG, b"f", b"", b"")
    foreground = req(p.SUBMIT_JOB, b"g", b"", b"")
    client.tells(one * (MOST_PROMISES + 500), foreground, req(p.CAN_DO, b"f"))
    client.tells(one * 10, req(p.SUBMIT_JOB_BG, b"f", b"u" * 65, b""))
    assert not client.is_heard
    client.leaves()
    while stage.store.under_way is not None:
        stage.keep()
    assert stage.status() == b"f\t%d\t0\t0\n.\n" % (MOST_PROMISES + 510)


def test_background_jobs_of_a_dropped_client_are_kept() -> None:
    """A client that is dropped while its packets wait loses none of its background jobs."""
    stage = ServerFixture(limits=ConnectionLimits(output=OUTPUT))
    reader = stage.connect(reads=False)
    reader.tells(req(p.ECHO_REQ, bytes(400_000)))
    reader.tells(req(p.SUBMIT_JOB_BG, b"f", b"", b"received"), req(p.GRAB_JOB))
    assert not reader.is_heard
    stage.clock.advance(60)
    assert not reader.is_served
    stage.worker(b"f").grabs(1, b"f", b"received")
