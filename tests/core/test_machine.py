"""The whole job server against the model: any verbs of any peer, in any order, at any time."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from gearman_tx.core import HIGH, LOW, NORMAL, FunctionSettings, Policy
from tests.core.machine import Twins
from tests.support.effort import long_run

CLIENTS = (0, 1, 2)
WORKERS = (2, 3, 4, 5)  # pair 2 is both, as any connection may be

ALL_NAMES = (b"f", b"g", b"h")
MANY_HANDLES = 25

clients = st.sampled_from(CLIENTS)
workers = st.sampled_from(WORKERS)
names = st.sampled_from(ALL_NAMES)
abilities = st.lists(names, min_size=1, max_size=3, unique=True)
uniques = st.sampled_from([b"", b"u", b"v", b"-"])
workloads = st.sampled_from([b"x", b"y", b""])
priorities = st.sampled_from([NORMAL, HIGH, LOW])
places = st.integers(0, 9)
endings = st.sampled_from(["complete", "fail", "throw"])
verbs = st.sampled_from(["complete", "fail", "throw", "data", "status"])
limits = st.sampled_from([None, (0, 0, 0), (3, 3, 3), (4, 2, 1)])
outcomes = st.sampled_from(["well"] * 3 + ["badly"] * 3 + ["elsewhere", "lost", "put back"])
timeouts = st.sampled_from([0.0, 0.0, 0.0, 2.0, 0.5])

policies = st.builds(
    Policy,
    handle_prefix=st.just(b"H:t"),
    job_retries=st.sampled_from([-1, 1, 2, 3]),
    worker_wakeup=st.sampled_from([1, 1, 1, 0, 2]),
    settings=st.builds(
        FunctionSettings, max_queue=st.sampled_from([(0, 0, 0), (0, 0, 0), (5, 4, 3)])
    ),
    max_functions=st.sampled_from([1000, 1000, 2]),
)


class JobServerMachine(RuleBasedStateMachine):
    """Six pairs for clients and workers, an operator, a store and a clock.

    Some rules do several steps, so that a run gets somewhere; each step is compared all the same.
    """

    twins: Twins

    @initialize(
        policy=policies,
        durable=st.sampled_from([True, True, False]),
        workers=st.tuples(abilities, abilities, abilities),
        backlog=st.one_of(
            st.lists(st.tuples(names, uniques, st.booleans()), min_size=2, max_size=8), st.just([])
        ),
        grabs=st.lists(workers, max_size=6),
    )
    def open(
        self,
        policy: Policy,
        durable: bool,
        workers: tuple[list[bytes], list[bytes], list[bytes]],
        backlog: list[tuple[bytes, bytes, bool]],
        grabs: list[int],
    ) -> None:
        """Start the server in the middle of its work, or with all its workers asleep."""
        self.twins = twins = Twins(policy, durable=durable)
        for pair, functions in zip(WORKERS, workers, strict=False):
            for name in functions:
                twins.can_do(pair, name, 0.0)
        for name, unique, background in backlog:
            twins.submit(
                CLIENTS[0],
                name,
                unique,
                b"x",
                NORMAL,
                background=background,
                reducer=None,
                due=0.0,
            )
        if durable:
            twins.take()
            twins.settle(elsewhere=0)
        for pair in grabs:
            twins.grab(pair)
        for pair in WORKERS:
            twins.sleep(pair)

    # Clients

    @rule(
        pair=clients,
        name=names,
        unique=uniques,
        workload=workloads,
        priority=priorities,
        background=st.booleans(),
        reducer=st.sampled_from([None, None, None, b"sum"]),
        count=st.integers(1, 3),
    )
    def submit(
        self,
        pair: int,
        name: bytes,
        unique: bytes,
        workload: bytes,
        priority: int,
        background: bool,
        reducer: bytes | None,
        count: int,
    ) -> None:
        """SUBMIT_JOB and SUBMIT_REDUCE_JOB in all their kinds, pipelined."""
        for _ in range(count):
            self.twins.submit(
                pair,
                name,
                unique,
                workload,
                priority,
                background=background,
                reducer=reducer,
                due=0.0,
            )

    @precondition(lambda self: self.twins.model.jobs)
    @rule(pair=clients, place=places, background=st.booleans())
    def submit_again(self, pair: int, place: int, background: bool) -> None:
        """Any kind, with the function, unique and workload of a live job."""
        jobs = self.twins.model.jobs
        job = jobs[-1 - place % len(jobs)]
        self.twins.submit(
            pair,
            job.function,
            job.unique,
            job.workload,
            NORMAL,
            background=background,
            reducer=None,
            due=0.0,
        )

    @rule(
        pair=clients,
        name=names,
        unique=uniques,
        delay=st.sampled_from([2.0, 0.5, 9.0, 0.0, -1.0]),
    )
    def submit_for_later(self, pair: int, name: bytes, unique: bytes, delay: float) -> None:
        """SUBMIT_JOB_EPOCH."""
        due = self.twins.server.unix_time + delay
        self.twins.submit(pair, name, unique, b"x", NORMAL, background=True, reducer=None, due=due)

    # Workers

    @rule(pair=workers, functions=abilities, timeout=timeouts, takes_back=st.booleans())
    def register(self, pair: int, functions: list[bytes], timeout: float, takes_back: bool) -> None:
        """CAN_DO and CAN_DO_TIMEOUT; or CANT_DO, and RESET_ABILITIES for all at once."""
        if takes_back and len(functions) == len(ALL_NAMES):
            self.twins.reset_abilities(pair)
            return
        for name in functions:
            if takes_back:
                self.twins.cant_do(pair, name)
            else:
                self.twins.can_do(pair, name, timeout)

    @rule(pair=workers, count=st.integers(1, 3))
    def grab(self, pair: int, count: int) -> None:
        """GRAB_JOB, some times."""
        for _ in range(count):
            self.twins.grab(pair)

    @rule(pair=workers, ending=endings)
    def serve(self, pair: int, ending: str) -> None:
        """What a worker does all day: end what it has, look for more, sleep."""
        for job in list(self.twins.pair(pair).connection.peer.running):
            self.twins.speak(pair, ending, job.handle, (0, 0))
        self.twins.grab(pair)
        self.twins.sleep(pair)

    @rule(pairs=st.lists(workers, min_size=1, max_size=4))
    def sleep(self, pairs: list[int]) -> None:
        """PRE_SLEEP, also of those that were woken."""
        for pair in pairs:
            self.twins.sleep(pair)

    @precondition(lambda self: self.busy())
    @rule(
        place=places,
        verb=verbs,
        progress=st.tuples(st.integers(0, 3), st.integers(0, 3)),
    )
    def work(self, place: int, verb: str, progress: tuple[int, int]) -> None:
        """WORK_DATA, WORK_STATUS and the endings, from a worker about its own job."""
        busy = self.busy()
        pair, handle = busy[place % len(busy)]
        self.twins.speak(pair, verb, handle, progress)

    @precondition(lambda self: self.twins.held)
    @rule(place=places, verb=verbs)
    def speak_about_the_past(self, place: int, verb: str) -> None:
        """The same about a job that the worker once had; and WORK_FAIL behind it."""
        held = self.twins.held
        pair, handle = held[-1 - place % len(held)]
        self.twins.speak(pair, verb, handle, (1, 2))
        self.twins.speak(pair, "fail", handle, (0, 0))

    # All peers

    @rule(pair=st.sampled_from(sorted({*CLIENTS, *WORKERS})))
    def leave(self, pair: int) -> None:
        """Disconnect; a worker's place is taken by another at once."""
        self.twins.pair(pair)
        self.twins.leave(pair)
        if pair in WORKERS:
            self.twins.can_do(pair, b"f", 0.0)
            self.twins.sleep(pair)

    @precondition(lambda self: self.busy())
    @rule(place=places)
    def lose_worker(self, place: int) -> None:
        """A worker goes away in the middle of a job."""
        busy = self.busy()
        self.twins.leave(busy[place % len(busy)][0])

    @rule(seconds=st.sampled_from([0.1, 0.5, 2.0, 0.05, 10.0]))
    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.twins.wait(seconds)

    @rule(seconds=st.sampled_from([3600.0, -3600.0, 1.0, -1.0]))
    def set_clock(self, seconds: float) -> None:
        """The system clock is set."""
        self.twins.set_clock(seconds)

    # Operators

    @rule(
        verb=st.sampled_from(["cancel", "cancel any", "drop", "limit"]),
        place=places,
        name=names,
        to=limits,
    )
    def operate(self, verb: str, place: int, name: bytes, to: tuple[int, int, int] | None) -> None:
        """``cancel job``, ``drop function``, ``create function`` and ``maxqueue``."""
        handles = [handle for _, handle in self.busy()] or self.twins.handles
        if verb == "cancel":
            self.twins.cancel(handles[-1 - place % len(handles)])
        elif verb == "cancel any":
            self.twins.cancel(self.twins.handles[-1 - place % len(self.twins.handles)])
        elif verb == "drop":
            self.twins.drop(name)
        else:
            self.twins.limit(name, to)

    @rule(what=st.sampled_from(["refuse", "crash", "exceptions", "drain"]))
    def surprise(self, what: str) -> None:
        """Rare steps: a store that cannot write, ``kill -9``, OPTION_REQ, the end."""
        twins = self.twins
        if what == "refuse" and twins.durable:
            twins.refuse()
        elif what == "crash" and twins.durable and not twins.store_is_lost:
            twins.crash()
        elif what == "exceptions":
            pair = twins.pair(CLIENTS[0])
            pair.connection.peer.exceptions = pair.peer.exceptions = True
        elif what == "drain" and len(twins.handles) > MANY_HANDLES:
            twins.drain()

    # The store

    @precondition(lambda self: self.twins.durable)
    @rule(outcome=outcomes)
    def begin_or_end_commit(self, outcome: str) -> None:
        """A commit begins, or the one under way ends."""
        if self.twins.core.in_flight is None:
            self.twins.take()
        else:
            self._end_commit(outcome)

    @precondition(lambda self: self.twins.durable and self.twins.core.in_flight is None)
    @rule(outcome=outcomes)
    def commit(self, outcome: str) -> None:
        """A quick commit."""
        self.twins.take()
        self._end_commit(outcome)

    def _end_commit(self, outcome: str) -> None:
        if outcome == "badly":
            self.twins.fail_commit()
        elif outcome in {"lost", "put back"}:
            self.twins.lose_store(refuses=outcome == "lost")
        else:
            self.twins.settle(elsewhere=int(outcome == "elsewhere"))

    def busy(self) -> list[tuple[int, bytes]]:
        """Return who has which job."""
        pairs = self.twins.pairs.items()
        return [(n, job.handle) for n, pair in pairs for job in pair.connection.peer.running]

    def teardown(self) -> None:
        """Let everything come to its end."""
        if hasattr(self, "twins"):
            self.twins.finish()


TestJobServer = pytest.mark.timeout(900)(JobServerMachine.TestCase)  # shrinking takes its time
TestJobServer.settings = long_run(examples=400, steps=50)
