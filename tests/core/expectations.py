"""A job server and its model side by side, and the expectations of both.

The expectations hold what no model could falsify together with the server: which promises were
made and which jobs ended, how often each job ran and was lost, and which
endings are still due to each client.
"""

from __future__ import annotations

from collections import Counter

from attrs import define, field

from gearman_tx.core import JobServer, Policy
from tests.core.audit import audit
from tests.core.core_fixture import CoreFixture, FakeConnection, limits_of
from tests.core.model import Model
from tests.core.model_parts import ModelJob, ModelPeer
from tests.core.recording_link import NOOP, WORK_FAIL

ENDINGS = (b"WORK_COMPLETE", b"WORK_EXCEPTION", WORK_FAIL)

Limits = dict[bytes, tuple[int, int, int]]


@define(eq=False)
class PairedConnection:
    """A connection of the server, its counterpart in the model, and the endings due to it."""

    connection: FakeConnection
    peer: ModelPeer
    promised: list[int] = field(factory=list)
    owed: Counter[bytes] = field(factory=Counter)
    answered: int = 0


@define(eq=False)
class Expectations:
    """Facts kept apart from the model, by handle.

    Promises, endings, runs and losses; and the connection whose time for a job was over, until
    another try begins.
    """

    promised: set[bytes] = field(factory=set)
    ended: set[bytes] = field(factory=set)
    runs: Counter[bytes] = field(factory=Counter)
    losses: Counter[bytes] = field(factory=Counter)
    late: dict[bytes, int] = field(factory=dict)


class Pair:
    """The server and the model, and the pairs of connections to both.

    Args:
        policy: the operator's decisions.
        durable: whether there is a store.
    """

    def __init__(self, policy: Policy, *, durable: bool) -> None:
        self.policy = policy
        self.durable = durable
        self.core = CoreFixture(policy, durable=durable)
        self.model = self.new_model()
        self.pairs: dict[int, PairedConnection] = {}
        self.gone: list[PairedConnection] = []
        self.expectations = Expectations()
        self.handles: list[bytes] = [b"H:t:0"]
        self.held: list[tuple[int, bytes]] = []
        self.store_is_lost = False

    @property
    def server(self) -> JobServer:
        """The job server."""
        return self.core.server

    def new_model(self) -> Model:
        """Return the model of a server that has just started."""
        policy = self.policy
        return Model(
            self.core.now,
            self.durable,
            policy.job_retries,
            policy.settings.max_queue,
            policy.max_functions,
        )

    def pair(self, number: int) -> PairedConnection:
        """Return the pair of this name; connect it if it is not connected."""
        if number not in self.pairs:
            peer = ModelPeer()
            self.model.peers.append(peer)
            self.pairs[number] = PairedConnection(self.core.connection(), peer)
        return self.pairs[number]

    def compare(self, noops: int | None = None) -> None:
        """Check that both send the same packets to each client, and that the expectations balance.

        Args:
            noops: how many sleepers must have been woken; None for any number.
        """
        woken = sum(self._hear(pair) for pair in self.pairs.values())
        assert noops is None or woken == noops, f"{woken} were woken, not {noops}"
        for pair in [*self.pairs.values(), *self.gone]:
            self._compare_answers(pair)
        for pair in self.gone:
            assert pair.connection.link.said == [], "a peer that left gets no packet"
        self.expectations.ended.update(self.core.events.given_up)
        self._compare_jobs()
        self._compare_drain()
        self._balance()
        audit(self.server)

    def _hear(self, pair: PairedConnection) -> int:
        """Compare the packets of a pair; return how many NOOPs it got."""
        heard = pair.connection.heard()
        told = [words for words in heard if words != (NOOP,)]
        expected, pair.peer.heard = pair.peer.heard, []
        assert told == expected
        for words in told:
            if words[0] in ENDINGS:
                pair.owed[words[1]] -= 1
                assert pair.owed[words[1]] >= 0, "an ending too many"
        noops = heard.count((NOOP,))
        assert noops <= int(pair.peer.asleep), "only sleepers are woken, and once"
        if noops:
            pair.peer.asleep = False
        assert pair.connection.peer.asleep == pair.peer.asleep
        return noops

    def _compare_answers(self, pair: PairedConnection) -> None:
        """Each answer is the model's, and comes as soon as those before it are given."""
        answers, expected = pair.connection.answers, pair.peer.answers
        assert len(answers) == len(expected)
        for answer, right in zip(answers, expected, strict=True):
            assert answer is None or answer == right
        if self.core.in_flight is None and self.server.ledger.is_empty:
            assert answers == expected
            assert None not in answers
        for number in pair.promised:
            answer = answers[number]
            if isinstance(answer, bytes) and answer.startswith(b"H:t:"):
                self.expectations.promised.add(answer)
        pair.promised = [number for number in pair.promised if answers[number] is None]

    def _compare_jobs(self) -> None:
        """Both have the same live jobs and functions, and agree about each."""
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
        """Both agree whether the server is drained; submissions waiting for the store delay it."""
        control = self.server.control
        assert control.is_drained == (control.left == 0)
        if self.model.keeping and self.server.ledger.waiting:
            assert not control.is_drained
        else:
            assert control.is_drained == self.model.is_drained

    def _balance(self) -> None:
        """No promise is lost, and each client waits for its live jobs and nothing else."""
        live = {job.handle for job in self.server.tables.jobs}
        assert self.expectations.promised - self.expectations.ended <= live, "a promise was lost"
        assert not self.expectations.ended & live
        for pair in self.pairs.values():
            clients = Counter(
                job.handle for job in self.model.jobs for peer in job.clients if peer is pair.peer
            )
            assert +pair.owed == clients
        if self.durable and not self.store_is_lost:
            stored = {record.handle for record in self.core.store.rows.values()}
            assert self.expectations.promised - self.expectations.ended <= stored, (
                "a promise is not stored"
            )
            if self.core.in_flight is None and self.server.ledger.is_empty:
                self._compare_store()

    def _compare_store(self) -> None:
        """Without notes, the store holds the live background jobs as they are."""
        rows = {record.handle: record for record in self.core.store.rows.values()}
        background = {job.handle: job for job in self.model.jobs if job.background}
        assert set(rows) == set(background)
        for handle, job in background.items():
            record = rows[handle]
            assert record.losses == job.retries
            assert record.due == job.due or job.state != "delayed"
            assert (record.function, record.unique) == (job.function, job.unique)
            assert (record.workload, record.priority) == (job.workload, job.priority)
        assert self._unusual(limits_of(self.core.store.settings)) == self._unusual(
            self.model.limits
        )

    def _unusual(self, limits: Limits) -> Limits:
        """Return the limits that differ from the policy; only they are stored again."""
        return {
            name: most for name, most in limits.items() if most != self.policy.settings.max_queue
        }


def same_job(restored: ModelJob, before: ModelJob) -> None:
    """Check that a job came back from the store as it was."""
    assert (restored.function, restored.unique) == (before.function, before.unique)
    assert (restored.workload, restored.priority) == (before.workload, before.priority)
    assert restored.reducer == before.reducer
    assert restored.retries <= before.retries
