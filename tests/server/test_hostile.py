"""Nothing that one connection sends disturbs the others."""

from __future__ import annotations

from attrs import define
from hypothesis import given, settings
from hypothesis import strategies as st

from gearman_tx.core import Policy
from gearman_tx.link import OutputLimits
from gearman_tx.server import ConnectionLimits
from tests.link.logs import LogBook, watched_log
from tests.server import packets as p
from tests.server.packets import FULL_BODIES, packet, req, res
from tests.server.server_fixture import FakePeer, ServerFixture

LIMITS = ConnectionLimits(
    packet=2000,
    text_line=200,
    output=OutputLimits(pause=5000, most=50_000, timeout=30.0),
)
POLICY = Policy(handle_prefix=b"H:stage", max_functions=20, max_function_name=100)

_NAMES = st.sampled_from([b"", b"x", b"y", b"-", b"u" * 64, b"u" * 65]) | st.binary(max_size=5)
_WORDS = st.one_of(
    _NAMES,
    st.sampled_from([b"exceptions", b"0", b"1", b"1700000001", b"-1", b"1e9"]),
    st.builds(p.handle, st.integers(1, 40)),
    st.binary(max_size=300),
)
_TYPES = st.integers(1, 42)
_PACKETS = st.builds(lambda kind, words: req(kind, *words), _TYPES, st.lists(_WORDS, max_size=6))
_WHOLE = [req(kind, body) for kind, body in FULL_BODIES.items()]
_PLAUSIBLE = st.one_of(
    st.sampled_from(_WHOLE),
    st.permutations(_WHOLE).map(b"".join),
    st.builds(lambda name: req(p.CAN_DO, name), _NAMES),
    st.builds(lambda name, unique: req(p.SUBMIT_JOB, name, unique, b"d"), _NAMES, _NAMES),
    st.builds(lambda name, unique: req(p.SUBMIT_JOB_BG, name, unique, b"d"), _NAMES, _NAMES),
    st.builds(lambda size: req(p.ECHO_REQ, bytes(size)), st.integers(0, 2001)),
    st.sampled_from([req(p.GRAB_JOB_ALL), req(p.PRE_SLEEP), req(p.GRAB_JOB)]),
    st.builds(lambda n: req(p.WORK_COMPLETE, p.handle(n), b"r"), st.integers(1, 40)),
)
_BROKEN = st.one_of(
    st.builds(
        packet, st.sampled_from([b"\0RES", b"\0REQ", b"\0BAD"]), _TYPES, st.binary(max_size=9)
    ),
    st.builds(packet, st.just(b"\0REQ"), st.integers(0, 2**32 - 1), st.just(b"")),
    st.builds(lambda size: b"\0REQ\0\0\0\x07" + size, st.binary(min_size=4, max_size=4)),
    st.binary(max_size=400),
)
_LINES = st.sampled_from([b"status\n", b"workers\r\n", b"show jobs\n", b"help\n", b"\n", b"  \n"])
_LARGE = st.builds(lambda count: req(p.ECHO_REQ, bytes(2000)) * count, st.integers(1, 40))
_DATA = st.one_of(_PACKETS, _PACKETS, _PLAUSIBLE, _LINES)
_SEND = st.tuples(st.just("send"), st.lists(_DATA, min_size=1, max_size=8).map(b"".join))
_STEPS = st.one_of(
    _SEND,
    _SEND,
    _SEND,
    st.tuples(st.just("send"), _LARGE),
    st.tuples(st.just("send"), _BROKEN),
    st.tuples(st.just("read"), st.integers(1, 20_000)),
    st.tuples(st.just("wait"), st.sampled_from([0.05, 1.0, 40.0])),
    st.tuples(st.just("end"), st.sampled_from(["half", "whole"])),
)


@define(eq=False)
class Bystanders:
    """A client and a worker that expect to be served.

    Attributes:
        stage: the server.
        client: submits.
        worker: answers.
        rounds: how many jobs they have done.
    """

    stage: ServerFixture
    client: FakePeer
    worker: FakePeer
    rounds: int = 0

    def work(self) -> None:
        """Do one job from its submission to its result, and an echo, in the expected bytes."""
        self.rounds += 1
        data = b"%d" % self.rounds
        answer = self.client.asks(req(p.SUBMIT_JOB, b"bystander", b"", data))
        assert answer[:8] == b"\0RES\0\0\0\x08"
        handle = answer[12:]
        assert self.worker.hears() == p.NOOP_PACKET
        assert self.worker.asks(req(p.GRAB_JOB)) == res(p.JOB_ASSIGN, handle, b"bystander", data)
        self.worker.tells(req(p.WORK_COMPLETE, handle, data), req(p.PRE_SLEEP))
        assert self.client.hears() == res(p.WORK_COMPLETE, handle, data)
        assert self.client.asks(req(p.ECHO_REQ, data)) == res(p.ECHO_RES, data)


def check_bounds(peer: FakePeer) -> None:
    """Check that the hostile connection holds no more memory than the limits say."""
    connection = peer.connection
    assert connection.queued <= LIMITS.output.most
    assert connection.input.buffered <= 12 + LIMITS.packet
    assert len(peer.transport.buffer) <= peer.transport.limit + 256 * 1024


def play(stage: ServerFixture, hostile: FakePeer, step: tuple[str, object]) -> None:
    """Let the hostile peer do one thing."""
    name, value = step
    if name == "send":
        assert isinstance(value, bytes)
        if hostile.is_heard and hostile.is_served:
            hostile.tells(value)
    elif name == "read":
        assert isinstance(value, int)
        hostile.reads(value)
    elif name == "wait":
        assert isinstance(value, float)
        stage.clock.advance(value)
    elif hostile.is_served:
        if value == "half":
            hostile.connection.readConnectionLost()
        else:
            hostile.leaves()


@settings(max_examples=150)
@given(steps=st.lists(_STEPS, min_size=3, max_size=25))
def test_no_bytes_of_one_connection_touch_another(steps: list[tuple[str, object]]) -> None:
    """Arbitrary bytes never raise, never change another's service, never pass a limit."""
    with watched_log() as log:
        stage = ServerFixture(POLICY, LIMITS)
        bystanders = Bystanders(stage, stage.connect(), stage.sleeper(b"bystander"))
        bystanders.work()
        hostile = stage.connect(reads=False, buffer=1000)
        lost = False
        for step in steps:
            if lost:
                hostile, lost = stage.connect(reads=False, buffer=1000), False
            play(stage, hostile, step)
            check_bounds(hostile)
            bystanders.work()
            if step == ("end", "whole"):
                lost = True
            elif hostile.transport.disconnecting:
                hostile.leaves()
                lost = True
        if not lost:
            hostile.leaves()
        _check_left_over(stage, bystanders, log)


def _check_left_over(stage: ServerFixture, bystanders: Bystanders, log: LogBook) -> None:
    """Check that a gone peer leaves nothing but the background jobs it was promised."""
    bystanders.work()
    tables = stage.jobs.tables
    assert len(tables.peers) == 2
    assert stage.factory.connections == {
        bystanders.client.connection,
        bystanders.worker.connection,
    }
    assert all(job.background and job.worker is None for job in tables.jobs)
    assert len(tables.functions) <= 20
    assert all(line.isprintable() for line in log.warnings)
    stage.clock.advance(100)
    if not any(job.timer for job in tables.jobs):
        assert stage.clock.getDelayedCalls() == []


def test_a_flood_of_joins_is_one_job() -> None:
    """Thousands of submissions of one unique cost one job and bring one result each."""
    stage = ServerFixture(POLICY)
    client, worker = stage.connect(), stage.worker(b"f")
    client.tells(req(p.SUBMIT_JOB, b"f", b"u", b"") * 5000)
    assert len(stage.jobs.tables.jobs) == 1
    worker.grabs(1, b"f")
    worker.tells(req(p.WORK_COMPLETE, p.handle(1), b"r"))
    assert client.hears().count(res(p.WORK_COMPLETE, p.handle(1), b"r")) == 5000
