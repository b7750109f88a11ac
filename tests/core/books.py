"""A job server and its model side by side, and the books that are kept of both.

The books hold what no model could falsify together with the server: which promises were made and
which jobs ended, how often each job ran and was lost, and what each client is still owed.
"""

from __future__ import annotations

from collections import Counter

from attrs import define, field

from gearman_tx.core import JobServer, Policy
from tests.core.audit import audit
from tests.core.house import Guest, House
from tests.core.model import Model
from tests.core.model_parts import ModelJob, ModelPeer
from tests.core.port import NOOP, WORK_FAIL

ENDINGS = (b"WORK_COMPLETE", b"WORK_EXCEPTION", WORK_FAIL)

Limits = dict[bytes, tuple[int, int, int]]


@define(eq=False)
class Seat:
    """A connection of the server, its twin in the model, and what it is owed."""

    guest: Guest
    peer: ModelPeer
    promised: list[int] = field(factory=list)
    owed: Counter[bytes] = field(factory=Counter)
    answered: int = 0


@define(eq=False)
class Books:
    """What is known without the model: promises, endings, runs and losses by handle."""

    promised: set[bytes] = field(factory=set)
    ended: set[bytes] = field(factory=set)
    runs: Counter[bytes] = field(factory=Counter)
    losses: Counter[bytes] = field(factory=Counter)


class Pair:
    """The server and the model, and who is connected to both.

    Args:
        policy: the operator's decisions.
        durable: whether there is a store.
    """

    def __init__(self, policy: Policy, *, durable: bool) -> None:
        self.policy = policy
        self.durable = durable
        self.house = House(policy, durable=durable)
        self.model = self.new_model()
        self.seats: dict[int, Seat] = {}
        self.gone: list[Seat] = []
        self.books = Books()
        self.handles: list[bytes] = [b"H:t:0"]
        self.held: list[tuple[int, bytes]] = []
        self.store_is_lost = False

    @property
    def server(self) -> JobServer:
        """The job server."""
        return self.house.server

    def new_model(self) -> Model:
        """Return the model of a server that has just started."""
        policy = self.policy
        return Model(
            self.house.now,
            self.durable,
            policy.job_retries,
            policy.max_queue,
            policy.max_functions,
        )

    def seat(self, number: int) -> Seat:
        """Return who sits there; somebody connects if the seat is empty."""
        if number not in self.seats:
            peer = ModelPeer()
            self.model.peers.append(peer)
            self.seats[number] = Seat(self.house.guest(), peer)
        return self.seats[number]

    def compare(self, noops: int | None = None) -> None:
        """Check that both tell everybody the same, and that the books balance.

        Args:
            noops: how many sleepers must have been woken; None for any number.
        """
        woken = sum(self._hear(seat) for seat in self.seats.values())
        assert noops is None or woken == noops, f"{woken} were woken, not {noops}"
        for seat in [*self.seats.values(), *self.gone]:
            self._compare_answers(seat)
        for seat in self.gone:
            assert seat.guest.port.said == [], "who left is told nothing"
        self.books.ended.update(self.house.events.given_up)
        self._compare_jobs()
        self._compare_drain()
        self._balance()
        audit(self.server)

    def _hear(self, seat: Seat) -> int:
        """Compare what a seat was told; return how many NOOPs it got."""
        heard = seat.guest.heard()
        told = [words for words in heard if words != (NOOP,)]
        expected, seat.peer.heard = seat.peer.heard, []
        assert told == expected
        for words in told:
            if words[0] in ENDINGS:
                seat.owed[words[1]] -= 1
                assert seat.owed[words[1]] >= 0, "an ending too many"
        noops = heard.count((NOOP,))
        assert noops <= int(seat.peer.asleep), "only sleepers are woken, and once"
        if noops:
            seat.peer.asleep = False
        assert seat.guest.peer.asleep == seat.peer.asleep
        return noops

    def _compare_answers(self, seat: Seat) -> None:
        """Each answer is the model's; what the model knows is told as soon as its turn comes."""
        answers, expected = seat.guest.answers, seat.peer.answers
        assert len(answers) == len(expected)
        for answer, right in zip(answers, expected, strict=True):
            assert answer is None or answer == right
        if self.house.in_flight is None and self.server.ledger.is_empty:
            assert answers == expected
            assert None not in answers
        for number in seat.promised:
            answer = answers[number]
            if isinstance(answer, bytes) and answer.startswith(b"H:t:"):
                self.books.promised.add(answer)
        seat.promised = [number for number in seat.promised if answers[number] is None]

    def _compare_jobs(self) -> None:
        """Both have the same live jobs and functions, and say the same of each."""
        snapshots = self.server.snapshots
        live = {job.handle for job in self.server.tables.jobs}
        assert live == {job.handle for job in self.model.jobs}
        for job in self.model.jobs:
            status = snapshots.status(job.handle)
            assert (status.known, status.running) == (True, job.state == "running")
            assert (status.numerator, status.denominator) == job.progress
            assert status.clients == len(job.clients)
        for unique in {job.unique for job in self.model.jobs}:
            newest = self.model.newest(unique)
            expected = snapshots.status(newest.handle if newest is not None else b"")
            assert snapshots.status_by_unique(unique) == expected
        functions = {f.name: f.is_listed for f in snapshots.functions()}
        assert functions == {name: name in self.model.listed for name in self.model.functions}

    def _compare_drain(self) -> None:
        """Both know alike whether a stop may come; what waits for the store holds it up."""
        control = self.server.control
        assert control.is_drained == (control.left == 0)
        if self.model.keeping and self.server.ledger.waiting:
            assert not control.is_drained
        else:
            assert control.is_drained == self.model.is_drained

    def _balance(self) -> None:
        """No promise is lost, everybody is owed what is under way and nothing else."""
        live = {job.handle for job in self.server.tables.jobs}
        assert self.books.promised - self.books.ended <= live, "a promise was lost"
        assert not self.books.ended & live
        for seat in self.seats.values():
            clients = Counter(
                job.handle for job in self.model.jobs for peer in job.clients if peer is seat.peer
            )
            assert +seat.owed == clients
        if self.durable and not self.store_is_lost:
            stored = {record.handle for record in self.house.store.rows.values()}
            assert self.books.promised - self.books.ended <= stored, "a promise is not stored"
            if self.house.in_flight is None and self.server.ledger.is_empty:
                self._compare_store()

    def _compare_store(self) -> None:
        """When nothing is noted, the store holds the live background jobs as they are."""
        rows = {record.handle: record for record in self.house.store.rows.values()}
        background = {job.handle: job for job in self.model.jobs if job.background}
        assert set(rows) == set(background)
        for handle, job in background.items():
            record = rows[handle]
            assert record.retries == job.retries
            assert record.due == job.due or (
                job.state != "delayed" and record.due <= self.house.now
            )
            assert (record.function, record.unique) == (job.function, job.unique)
            assert (record.workload, record.priority) == (job.workload, job.priority)
        assert self._unusual(self.house.store.max_queue) == self._unusual(self.model.limits)

    def _unusual(self, limits: Limits) -> Limits:
        """Return the limits that say more than the policy; only they are stored again."""
        return {name: most for name, most in limits.items() if most != self.policy.max_queue}


def same_job(restored: ModelJob, before: ModelJob) -> None:
    """Check that a job came back from the store as it was."""
    assert (restored.function, restored.unique) == (before.function, before.unique)
    assert (restored.workload, restored.priority) == (before.workload, before.priority)
    assert restored.reducer == before.reducer
    assert restored.retries <= before.retries
