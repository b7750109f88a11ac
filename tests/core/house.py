"""A job server with fakes around it, and connections that speak to it in few words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from attrs import define, field

from gearman_tx.core import NORMAL, Batch, Committed, Job, JobRecord, JobServer, Peer, Policy
from gearman_tx.errors import Refused
from tests.core.port import Answer, RecordingPort

NOON: Final = 1_700_000_000.0
"""When every test begins, in Unix seconds."""

RESERVED: Final = 1000
"""How many ids a store lets the server give between two commits."""


@define(eq=False)
class RecordingEvents:
    """A :class:`gearman_tx.core.Events` that remembers the handles it was told of."""

    timed_out: list[bytes] = field(factory=list)
    given_up: list[bytes] = field(factory=list)

    def job_timed_out(self, job: Job) -> None:
        """Events: a job ran out of time."""
        self.timed_out.append(job.handle)

    def job_given_up(self, job: Job) -> None:
        """Events: a job was lost too often."""
        self.given_up.append(job.handle)


@define(eq=False)
class FakeStore:
    """What a store holds after the batches that it was given.

    Attributes:
        rows: the jobs that were added and not finished, by id.
        max_queue: the limits by function name.
        next_id: the first id that is sure never to have been given.
    """

    rows: dict[int, JobRecord] = field(factory=dict)
    max_queue: dict[bytes, tuple[int, int, int]] = field(factory=dict)
    next_id: int = 1

    def apply(self, batch: Batch, joined: Mapping[int, bytes]) -> None:
        """Do what ``batch`` asks for, save adding jobs that joined others."""
        self.next_id = max(self.next_id, batch.next_id + RESERVED)
        for record in batch.added:
            assert record.id not in self.rows, "a job is stored once"
            if record.id not in joined:
                self.rows[record.id] = record
        for number, retries in batch.retries.items():
            if number in self.rows:
                self.rows[number] = self.rows[number]._replace(retries=retries)
        for number in batch.finished:
            self.rows.pop(number, None)
        for name, limits in batch.max_queue.items():
            if limits is None:
                self.max_queue.pop(name, None)
            else:
                self.max_queue[name] = limits


class House:
    """A job server, its time, its log and its store.

    Args:
        policy: the operator's decisions.
        durable: whether background submissions wait for the store.
        store: what an earlier server left behind.
        now: when it starts, in Unix seconds.

    Attributes:
        server: the job server.
        events: what the log was told.
        store: what is durable.
        in_flight: the batch that is being committed, if one is.
    """

    def __init__(
        self,
        policy: Policy | None = None,
        *,
        durable: bool = False,
        store: FakeStore | None = None,
        now: float = NOON,
    ) -> None:
        self.events = RecordingEvents()
        self.store = store or FakeStore()
        self.server = JobServer(
            policy or Policy(handle_prefix=b"H:t"),
            self.events,
            now=now,
            first_id=self.store.next_id,
            durable=durable,
        )
        self.store.next_id += RESERVED
        for name, limits in self.store.max_queue.items():
            self.server.control.restore_max_queue(name, limits)
        for number in sorted(self.store.rows):
            self.server.intake.restore(self.store.rows[number])
        self.in_flight: Batch | None = None

    @property
    def now(self) -> float:
        """The time, in Unix seconds."""
        return self.server.tables.now

    def guest(self) -> Guest:
        """Let somebody connect."""
        port = RecordingPort()
        return Guest(self, self.server.join(port), port)

    def worker(self, *functions: bytes, timeout: float = 0.0) -> Guest:
        """Let somebody connect who registers ``functions``, in this order."""
        guest = self.guest()
        for name in functions:
            guest.can_do(name, timeout)
        return guest

    def sleeper(self, *functions: bytes) -> Guest:
        """Let somebody connect who registers ``functions`` and sleeps."""
        guest = self.worker(*functions)
        guest.sleep()
        return guest

    def wait(self, seconds: float) -> None:
        """Let time pass, then do what is due."""
        self.server.deadlines.tick(self.now + seconds)

    def take(self) -> Batch:
        """Begin a commit."""
        self.in_flight = self.server.ledger.take()
        return self.in_flight

    def settle(self, joined: Mapping[int, bytes] | None = None) -> None:
        """End the commit well; ``joined`` tells which jobs the store held already."""
        batch, self.in_flight = self.in_flight, None
        assert batch is not None, "a commit is under way"
        self.store.apply(batch, joined or {})
        self.server.ledger.settle(Committed(joined or {}), self.server.intake)

    def fail(self, reason: bytes = b"disk full") -> None:
        """End the commit badly."""
        batch, self.in_flight = self.in_flight, None
        assert batch is not None, "a commit is under way"
        self.server.ledger.fail(batch, reason, self.server.intake)

    def put_back(self) -> None:
        """End the commit badly, to try all of it again."""
        batch, self.in_flight = self.in_flight, None
        assert batch is not None, "a commit is under way"
        self.server.ledger.put_back(batch)

    def refuse(self, reason: bytes = b"disk full") -> None:
        """Refuse what is noted; the store cannot write."""
        self.server.ledger.refuse(reason, self.server.intake)

    def commit(self) -> Batch:
        """Make everything durable at once."""
        batch = self.take()
        self.settle()
        return batch

    def restart(self) -> House:
        """Return a new house on the same store, as after ``kill -9``."""
        return House(self.server.tables.policy, durable=True, store=self.store, now=self.now)

    def counts(self, name: bytes) -> tuple[int, int, int]:
        """Return how many jobs of a function are queued, running and delayed."""
        function = self.server.tables.functions[name]
        return function.queued, function.running, function.delayed


@define(eq=False)
class Guest:
    """One connection: client, worker or both.

    Attributes:
        house: where it is a guest.
        peer: what the queues know of it.
        port: what it was told.
    """

    house: House
    peer: Peer
    port: RecordingPort

    @property
    def answers(self) -> list[Answer]:
        """The answers of its submissions so far, in the order of the submissions."""
        return self.port.answers

    def heard(self) -> list[tuple[bytes, ...]]:
        """Return what it was told since it was last asked."""
        said, self.port.said = self.port.said, []
        return said

    def submit(
        self,
        name: bytes = b"f",
        workload: bytes = b"work",
        *,
        unique: bytes = b"",
        priority: int = NORMAL,
        background: bool = False,
        reducer: bytes | None = None,
        due: float = 0.0,
    ) -> bytes:
        """Submit; return the handle, or nothing when the answer is an error or comes later."""
        try:
            job = self.house.server.intake.submit(
                self.peer,
                name,
                unique,
                workload,
                priority,
                background=background,
                reducer=reducer,
                due=due,
            )
        except Refused as refusal:
            self.answers.append((refusal.code, refusal.text))
            return b""
        self.answers.append(None if job is None else job.handle)
        return b"" if job is None else job.handle

    def promise(
        self,
        name: bytes = b"f",
        workload: bytes = b"work",
        *,
        unique: bytes = b"",
        priority: int = NORMAL,
        due: float = 0.0,
    ) -> bytes:
        """Submit in the background."""
        return self.submit(
            name, workload, unique=unique, priority=priority, background=True, due=due
        )

    def can_do(self, name: bytes, timeout: float = 0.0) -> None:
        """Register a function, with its time limit in seconds."""
        self.house.server.dispatch.can_do(self.peer, name, timeout)

    def cant_do(self, name: bytes) -> None:
        """Take a registration back."""
        self.house.server.dispatch.cant_do(self.peer, name)

    def sleep(self) -> None:
        """Send PRE_SLEEP."""
        self.house.server.dispatch.pre_sleep(self.peer)

    def grab_job(self) -> Job | None:
        """Ask for a job."""
        return self.house.server.dispatch.grab(self.peer)

    def grab(self) -> bytes:
        """Ask for a job; return its handle, or nothing when there is none."""
        job = self.grab_job()
        return b"" if job is None else job.handle

    def work(self, handle: bytes, data: bytes = b"half") -> None:
        """Send WORK_DATA."""
        self.house.server.outcome.data(self.peer, handle, (b"WORK_DATA", handle, data))

    def progress(self, handle: bytes, numerator: int, denominator: int = 9) -> None:
        """Send WORK_STATUS."""
        update = (b"WORK_STATUS", handle, b"%d/%d" % (numerator, denominator))
        self.house.server.outcome.status(self.peer, handle, (numerator, denominator), update)

    def complete(self, handle: bytes, data: bytes = b"done") -> None:
        """Send WORK_COMPLETE."""
        self.house.server.outcome.complete(self.peer, handle, (b"WORK_COMPLETE", handle, data))

    def fail(self, handle: bytes) -> None:
        """Send WORK_FAIL."""
        self.house.server.outcome.fail(self.peer, handle)

    def throw(self, handle: bytes, data: bytes = b"error") -> None:
        """Send WORK_EXCEPTION."""
        self.house.server.outcome.exception(self.peer, handle, (b"WORK_EXCEPTION", handle, data))

    def leave(self) -> None:
        """Disconnect."""
        self.house.server.endings.leave(self.peer)
