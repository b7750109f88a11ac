"""A job server with fakes around it, and connections with short methods to drive it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from attrs import define, field

from gearman_tx.core import (
    NORMAL,
    Batch,
    Committed,
    FunctionSettings,
    Job,
    JobRecord,
    JobServer,
    Peer,
    Policy,
)
from gearman_tx.errors import Refused
from tests.core.recording_link import Answer, RecordingLink

NOON: Final = 1_700_000_000.0
"""The time at which every test begins, in Unix seconds."""

RESERVED: Final = 100_000
"""How many ids the store reserves at a time."""


Limits = tuple[int, int, int]


def limits_of(settings: Mapping[bytes, FunctionSettings | None]) -> dict[bytes, Limits]:
    """Return the queue limits of functions, without those that were forgotten."""
    return {name: each.max_queue for name, each in settings.items() if each is not None}


def losses_of(batch: Batch) -> dict[int, int]:
    """Return the ids of the changed jobs of a batch, and how often they were lost."""
    return {change.id: change.losses for change in batch.changed}


@define(eq=False)
class RecordingEvents:
    """A :class:`gearman_tx.core.Events` that remembers the handles of its events."""

    timed_out: list[bytes] = field(factory=list)
    given_up: list[bytes] = field(factory=list)

    def job_timed_out(self, handle: bytes, function: bytes) -> None:  # noqa: ARG002  # the port's
        """Events: a job ran out of time."""
        self.timed_out.append(handle)

    def job_given_up(self, handle: bytes, function: bytes, losses: int) -> None:  # noqa: ARG002  # the port's
        """Events: a job was lost too often."""
        self.given_up.append(handle)


@define(eq=False)
class FakeStore:
    """The contents of a store after its batches.

    Attributes:
        rows: the jobs that were added and not finished, by id.
        settings: the settings by function name.
        next_id: the first id that was never reserved.
    """

    rows: dict[int, JobRecord] = field(factory=dict)
    settings: dict[bytes, FunctionSettings] = field(factory=dict)
    next_id: int = 1

    def reserve(self) -> range:
        """Reserve the next ids."""
        ids = range(self.next_id, self.next_id + RESERVED)
        self.next_id = ids.stop
        return ids

    def apply(self, batch: Batch, joined: Mapping[int, bytes]) -> None:
        """Apply ``batch``, but do not add jobs that joined others."""
        for record in batch.added:
            assert record.id not in self.rows, "a job is stored once"
            if record.id not in joined:
                self.rows[record.id] = record
        for change in batch.changed:
            if change.id in self.rows:
                record = self.rows[change.id]
                self.rows[change.id] = record._replace(due=change.due, losses=change.losses)
        for number in batch.finished:
            self.rows.pop(number, None)
        for name, settings in batch.settings.items():
            if settings is None:
                self.settings.pop(name, None)
            else:
                self.settings[name] = settings


class CoreFixture:
    """A job server, its time, its log and its store.

    Args:
        policy: the operator's decisions.
        durable: whether background submissions wait for the store.
        store: what an earlier server left behind.
        now: when it starts, in Unix seconds.

    Attributes:
        server: the job server.
        events: the events for the log.
        store: the durable contents.
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
            durable=durable,
        )
        if durable:
            self.server.tables.set_ids(self.store.reserve())
        for name, settings in self.store.settings.items():
            self.server.control.restore_settings(name, settings)
        for number in sorted(self.store.rows):
            self.server.intake.restore(self.store.rows[number])
        self.in_flight: Batch | None = None

    @property
    def now(self) -> float:
        """The time by the clock that is never set; at the start it shows Unix seconds."""
        return self.server.tables.now

    def connection(self) -> FakeConnection:
        """Connect."""
        link = RecordingLink()
        return FakeConnection(self, self.server.join(link), link)

    def worker(self, *functions: bytes, timeout: float = 0.0) -> FakeConnection:
        """Connect a worker that registers ``functions``, in this order."""
        connection = self.connection()
        for name in functions:
            connection.can_do(name, timeout)
        return connection

    def sleeper(self, *functions: bytes) -> FakeConnection:
        """Connect a worker that registers ``functions`` and sleeps."""
        connection = self.worker(*functions)
        connection.sleep()
        return connection

    def wait(self, seconds: float) -> None:
        """Let time pass, then do what is due."""
        self.server.deadlines.tick(self.now + seconds)

    def take(self) -> Batch:
        """Begin a commit."""
        self.in_flight = self.server.ledger.take()
        return self.in_flight

    def settle(self, joined: Mapping[int, bytes] | None = None) -> None:
        """Let the commit succeed; ``joined`` says which jobs the store held already."""
        batch, self.in_flight = self.in_flight, None
        assert batch is not None, "a commit is under way"
        self.store.apply(batch, joined or {})
        self.server.settle(Committed(joined or {}))

    def fail(self, reason: bytes = b"disk full") -> None:
        """Let the commit fail."""
        batch, self.in_flight = self.in_flight, None
        assert batch is not None, "a commit is under way"
        self.server.fail_batch(reason)

    def put_back(self) -> None:
        """Let the commit fail, and keep all of it for the next one."""
        batch, self.in_flight = self.in_flight, None
        assert batch is not None, "a commit is under way"
        self.server.ledger.put_back()

    def refuse(self, reason: bytes = b"disk full") -> None:
        """Refuse the noted submissions; the store cannot write."""
        self.server.refuse_noted(reason)

    def commit(self) -> Batch:
        """Make everything durable at once."""
        batch = self.take()
        self.settle()
        return batch

    def restart(self) -> CoreFixture:
        """Return a new core on the same store, as after ``kill -9``."""
        policy, now = self.server.tables.policy, self.server.unix_time
        return CoreFixture(policy, durable=True, store=self.store, now=now)

    def counts(self, name: bytes) -> tuple[int, int, int]:
        """Return how many jobs of a function are queued, running and delayed."""
        function = self.server.tables.functions[name]
        return function.queued, function.running, function.delayed


@define(eq=False)
class FakeConnection:
    """One connection: client, worker or both.

    Attributes:
        core: where it is connected.
        peer: what the core knows of it.
        link: the packets sent to it.
    """

    core: CoreFixture
    peer: Peer
    link: RecordingLink

    @property
    def answers(self) -> list[Answer]:
        """The answers of its submissions so far, in the order of the submissions."""
        return self.link.answers

    def heard(self) -> list[tuple[bytes, ...]]:
        """Return the packets sent to it since the last call."""
        said, self.link.said = self.link.said, []
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
            job = self.core.server.intake.submit(
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
        if job is not None:
            self.answers.append(job.handle)
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
        self.core.server.dispatch.can_do(self.peer, name, timeout)

    def cant_do(self, name: bytes) -> None:
        """Take a registration back."""
        self.core.server.dispatch.cant_do(self.peer, name)

    def sleep(self) -> None:
        """Send PRE_SLEEP."""
        self.core.server.dispatch.pre_sleep(self.peer)

    def grab_job(self) -> Job | None:
        """Ask for a job."""
        return self.core.server.dispatch.grab(self.peer)

    def grab(self) -> bytes:
        """Ask for a job; return its handle, or nothing when there is none."""
        job = self.grab_job()
        return b"" if job is None else job.handle

    def work(self, handle: bytes, data: bytes = b"half") -> None:
        """Send WORK_DATA."""
        self.core.server.outcome.data(self.peer, handle, (b"WORK_DATA", handle, data))

    def progress(self, handle: bytes, numerator: int, denominator: int = 9) -> None:
        """Send WORK_STATUS."""
        update = (b"WORK_STATUS", handle, b"%d/%d" % (numerator, denominator))
        self.core.server.outcome.status(self.peer, handle, (numerator, denominator), update)

    def complete(self, handle: bytes, data: bytes = b"done") -> None:
        """Send WORK_COMPLETE."""
        self.core.server.outcome.complete(self.peer, handle, (b"WORK_COMPLETE", handle, data))

    def fail(self, handle: bytes) -> None:
        """Send WORK_FAIL."""
        self.core.server.outcome.fail(self.peer, handle)

    def throw(self, handle: bytes, data: bytes = b"error") -> None:
        """Send WORK_EXCEPTION."""
        self.core.server.outcome.exception(self.peer, handle, (b"WORK_EXCEPTION", handle, data))

    def leave(self) -> None:
        """Disconnect."""
        self.core.server.leaving.leave(self.peer)
