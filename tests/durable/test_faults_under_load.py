"""Whatever the store does and whenever the server dies, no acknowledged job is lost.

Hypothesis writes a play: clients submit, workers work, the store ends its calls well or badly, the
server crashes. What is promised is checked after every step: each submission got one answer, in
order; a job that was acknowledged is on the disk until its end is; an end that is on the disk is
one for good.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gearman_tx.wire import RESPONSE_MAGIC, PacketDecoder
from tests.core.audit import audit
from tests.durable.durable_fixture import DurableFixture
from tests.durable.faulty_store import FAILS, LIES, LOSES, WORKS
from tests.link.logs import watched_log
from tests.server import packets as p
from tests.server.packets import req
from tests.server.server_fixture import FakePeer

CLIENTS = 2
WORKERS = 2
STEP_SECONDS = 0.4
"""Between two steps; a store that failed is tried again now and then."""

LONG_PLAY = 150
ACTS = ("submit", "end", "work", "worker", "client", "crash", "stop")
ODDS = (30, 40, 20, 2, 2, 1, 1)
"""How often something happens in a long play: submissions, calls, work, losses, crashes, stops."""

BACKGROUND = (p.SUBMIT_JOB_BG, p.SUBMIT_JOB_HIGH_BG, p.SUBMIT_JOB_LOW_BG)


class Client:
    """A client that matches answers to its submissions by their order."""

    def __init__(self, peer: FakePeer) -> None:
        self.peer = peer
        self.asked: list[int] = []
        self._decoder = PacketDecoder(RESPONSE_MAGIC)

    def answers(self) -> list[tuple[int, int, bytes]]:
        """Return what was answered since: the type submitted, the type answered, the body."""
        found = []
        for kind, body in self._decoder.feed(self.peer.hears()):
            if kind in {p.JOB_CREATED, p.ERROR}:
                assert self.asked, "no more answers than questions"
                found.append((self.asked.pop(0), kind, body))
        return found


class Worker:
    """A worker that has at most one job at a time."""

    def __init__(self, peer: FakePeer) -> None:
        self.peer = peer
        self.handle = b""

    def grab(self) -> int:
        """Take a job, if there is one; return its number, or 0."""
        decoder = PacketDecoder(RESPONSE_MAGIC)
        for kind, body in decoder.feed(self.peer.asks(req(p.GRAB_JOB))):
            if kind == p.JOB_ASSIGN:
                self.handle = body.partition(b"\0")[0]
                return int(self.handle.rpartition(b":")[2])
        return 0


class Play:
    """A server, a disk, clients and workers, and what they were told.

    Attributes:
        acknowledged: the handles of all background jobs that clients were told of.
        run: the handles of all jobs that were completed.
        is_lost: whether the disk was lost, and not everything was stored again since.
    """

    def __init__(self) -> None:
        self.stage = DurableFixture()
        self.acknowledged: set[bytes] = set()
        self.run: set[bytes] = set()
        self.is_lost = False
        self.connect()

    def connect(self) -> None:
        """Let everybody connect to a server that was just started."""
        self.clients = [Client(self.stage.connect()) for _ in range(CLIENTS)]
        self.workers = [Worker(self.stage.worker(b"f")) for _ in range(WORKERS)]

    def submit(self, who: int, kinds: Sequence[int], unique: bytes, is_last: bool) -> None:
        """Submit some jobs in one packet of the network, perhaps the last of a turn."""
        client = self.clients[who]
        client.asked += kinds
        client.peer.gives(b"".join(req(kind, b"f", unique, b"data") for kind in kinds))
        if is_last:
            self.stage.end_turn()

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.stage.clock.advance(seconds)

    def end_calls(self, hows: Sequence[str]) -> None:
        """Let the store end what it is doing, and what it then begins."""
        for how in hows:
            if self.stage.faulty.is_held:
                self.is_lost |= how == LOSES
                self.stage.faulty.end(how)
                self.stage.end_turn()

    def work(self, who: int, count: int) -> None:
        """Take jobs and complete them, perhaps not the last."""
        for _ in range(count):
            self.work_a_step(who)

    def work_a_step(self, who: int) -> None:
        """Take a job, or complete the one that was taken."""
        worker = self.workers[who]
        if worker.handle:
            worker.peer.tells(req(p.WORK_COMPLETE, worker.handle, b"done"))
            self.run.add(worker.handle)
            worker.handle = b""
        else:
            number = worker.grab()
            assert number not in self.stage.disk.finished, "its end was stored"

    def lose_worker(self, who: int) -> None:
        """Let a worker die, and another one come."""
        self.workers[who].peer.leaves()
        self.workers[who] = Worker(self.stage.worker(b"f"))

    def lose_client(self, who: int) -> None:
        """Let a client go without waiting for its answers, and another one come."""
        self.clients[who].peer.leaves()
        self.clients[who] = Client(self.stage.connect())

    def crash(self) -> None:
        """Kill the server and start another."""
        if self.is_lost:
            # The file was deleted and then the process died: what was not stored again is gone.
            self.acknowledged &= self.run | set(self.stage.disk.handles())
            self.is_lost = False
        self.stage.crash()
        self.connect()

    def stop(self, how: str) -> None:
        """Stop the server in good order, with a store that works or does not, and start another."""
        done: list[object] = []
        self.stage.queue.finish().addCallback(done.append)
        self.end_all_calls(how)
        assert done == [None]
        self.stage.factory.stop()
        self.listen()
        if how == WORKS:
            assert not any(client.asked for client in self.clients), "all were answered"
        self.stage.queue.close().addCallback(done.append)
        self.end_all_calls(how)
        assert done == [None, None]
        if how == WORKS:
            self.check_ends()
        self.crash()

    def end_all_calls(self, how: str) -> None:
        """Let the store end whatever it begins."""
        while self.stage.faulty.is_held:
            self.stage.faulty.end(how)

    def listen(self) -> None:
        """Hear all answers."""
        for client in self.clients:
            for asked, answered, body in client.answers():
                if answered == p.ERROR:
                    assert asked in BACKGROUND
                    assert body.startswith(b"QUEUE_ERROR\0")
                elif asked in BACKGROUND:
                    self.acknowledged.add(body)

    def check(self) -> None:
        """Every acknowledged job is on the disk until it is done, but for a disk that was lost."""
        self.listen()
        audit(self.stage.jobs)
        if self.stage.jobs.ledger.is_empty and not self.stage.faulty.is_held:
            self.is_lost = False  # nothing is left to be stored again
        missing = self.acknowledged - self.run - set(self.stage.disk.handles())
        assert not missing or self.is_lost

    def check_ends(self) -> None:
        """What ended is not on the disk any more, once the store had its time."""
        ended = self.acknowledged - {job.handle for job in self.stage.jobs.tables.jobs}
        assert ended.isdisjoint(self.stage.disk.handles())

    def end(self) -> None:
        """Let the disk work again: everything acknowledged runs, and nothing is left."""
        self.stage.clock.advance(1)
        self.stage.settle()
        self.listen()
        assert not any(client.asked for client in self.clients), "everybody was answered"
        self.is_lost = False
        self.check()
        self.check_ends()
        for _ in range(2):
            self.drain()
            # What was refused, and stored all the same, comes with the next start.
            self.stop(WORKS)
        assert self.acknowledged <= self.run
        assert self.stage.disk.handles() == []

    def drain(self) -> None:
        """Run all jobs that there are."""
        idle = 0
        while idle < 2 * WORKERS:
            for who, worker in enumerate(self.workers):
                self.work_a_step(who)
                idle = 0 if worker.handle else idle + 1
            self.stage.settle()


_WHO = st.integers(0, 1)
_SUBMIT = st.tuples(
    st.just(Play.submit),
    _WHO,
    st.lists(st.sampled_from([*BACKGROUND, p.SUBMIT_JOB]), min_size=1, max_size=4),
    st.sampled_from([b"", b"", b"a", b"b", b"-"]),
    st.booleans(),
)
_END_CALLS = st.tuples(
    st.just(Play.end_calls),
    st.lists(st.sampled_from([WORKS] * 7 + [FAILS, LIES, LOSES]), min_size=1, max_size=3),
)
_WORK = st.tuples(st.just(Play.work), _WHO, st.integers(1, 6))
_SELDOM = st.one_of(
    st.tuples(st.just(Play.wait), st.sampled_from([0.1, 1.0, 10.0])),
    st.tuples(st.just(Play.lose_worker), _WHO),
    st.tuples(st.just(Play.lose_client), _WHO),
    st.tuples(st.just(Play.crash)),
    st.tuples(st.just(Play.stop), st.sampled_from([WORKS, LIES])),
)
_STEPS = st.lists(
    st.one_of(_SUBMIT, _END_CALLS, _SUBMIT, _END_CALLS, _WORK, _SELDOM), min_size=20, max_size=60
)


@settings(max_examples=100)
@given(steps=_STEPS)
def test_nothing_acknowledged_is_lost(steps: list[tuple[object, ...]]) -> None:
    """The play goes on to a good end, whatever happens in it."""
    with watched_log():
        play = Play()
        for act, *arguments in steps:
            assert callable(act)
            act(play, *arguments)
            play.check()
            play.wait(STEP_SECONDS)
        play.end()


@pytest.mark.parametrize("seed", range(20))
def test_long_plays(seed: int) -> None:
    """The same with more jobs and fewer accidents than hypothesis likes to write."""
    dice = random.Random(seed)
    fate = [WORKS] * dice.choice([4, 10, 30]) + [FAILS, LIES, LOSES]
    with watched_log():
        play = Play()
        for _ in range(LONG_PLAY):
            who = dice.randrange(2)
            act = dice.choices(ACTS, ODDS)[0]
            if act == "submit":
                kinds = dice.choices([*BACKGROUND, p.SUBMIT_JOB], k=dice.randrange(1, 8))
                play.submit(who, kinds, dice.choice([b"", b"a", b"b", b"-"]), dice.random() < 0.7)
            elif act == "end":
                play.end_calls(dice.choices(fate, k=dice.randrange(1, 4)))
            elif act == "work":
                play.work(who, dice.randrange(1, 8))
            elif act == "worker":
                play.lose_worker(who)
            elif act == "client":
                play.lose_client(who)
            elif act == "crash":
                play.crash()
            else:
                play.stop(dice.choice([WORKS, LIES]))
            play.check()
            play.wait(STEP_SECONDS)
        play.end()
