"""The whole job server against the model: any verbs of anybody, in any order, at any time."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from gearman_tx.core import HIGH, LOW, NORMAL, Policy
from tests.core.machine import Twins
from tests.profiles import long_run

seats = st.integers(0, 4)
names = st.sampled_from([b"f", b"g", b"h", b"i"])
uniques = st.sampled_from([b"", b"u", b"v", b"-"])
workloads = st.sampled_from([b"x", b"y", b""])
priorities = st.sampled_from([NORMAL, HIGH, LOW])
places = st.integers(0, 20)
verbs = st.sampled_from(["complete", "fail", "throw", "data", "status"])
limits = st.sampled_from([None, (0, 0, 0), (2, 2, 2), (3, 1, 0)])

policies = st.builds(
    Policy,
    handle_prefix=st.just(b"H:t"),
    job_retries=st.sampled_from([-1, 1, 2, 3]),
    worker_wakeup=st.sampled_from([1, 0, 2]),
    max_queue=st.sampled_from([(0, 0, 0), (5, 4, 3)]),
    max_functions=st.sampled_from([1000, 3]),
)


class JobServerMachine(RuleBasedStateMachine):
    """Five seats for clients and workers, an operator, a store and a clock."""

    twins: Twins

    @initialize(policy=policies, durable=st.booleans())
    def open(self, policy: Policy, durable: bool) -> None:
        """Start the server."""
        self.twins = Twins(policy, durable=durable)

    @rule(
        seat=seats,
        name=names,
        unique=uniques,
        workload=workloads,
        priority=priorities,
        background=st.booleans(),
        reducer=st.sampled_from([None, None, b"sum"]),
    )
    def submit(
        self,
        seat: int,
        name: bytes,
        unique: bytes,
        workload: bytes,
        priority: int,
        background: bool,
        reducer: bytes | None,
    ) -> None:
        """SUBMIT_JOB in all its kinds."""
        self.twins.submit(
            seat,
            name,
            unique,
            workload,
            priority,
            background=background,
            reducer=reducer,
            due=0.0,
        )

    @rule(seat=seats, name=names, unique=uniques, delay=st.sampled_from([2.0, 0.5, 9.0, 0.0, -1.0]))
    def submit_for_later(self, seat: int, name: bytes, unique: bytes, delay: float) -> None:
        """SUBMIT_JOB_EPOCH."""
        due = self.twins.house.now + delay
        self.twins.submit(seat, name, unique, b"x", NORMAL, background=True, reducer=None, due=due)

    @rule(seat=seats, name=names, timeout=st.sampled_from([0.0, 0.0, 2.0, 0.5]))
    def can_do(self, seat: int, name: bytes, timeout: float) -> None:
        """CAN_DO and CAN_DO_TIMEOUT."""
        self.twins.can_do(seat, name, timeout)

    @rule(seat=seats, name=names)
    def cant_do(self, seat: int, name: bytes) -> None:
        """CANT_DO."""
        self.twins.cant_do(seat, name)

    @rule(seat=seats)
    def reset_abilities(self, seat: int) -> None:
        """RESET_ABILITIES."""
        self.twins.reset_abilities(seat)

    @rule(seat=seats)
    def grab(self, seat: int) -> None:
        """GRAB_JOB."""
        self.twins.grab(seat)

    @rule(seat=seats)
    def sleep(self, seat: int) -> None:
        """PRE_SLEEP."""
        self.twins.sleep(seat)

    @rule(seat=seats)
    def ask_for_exceptions(self, seat: int) -> None:
        """OPTION_REQ."""
        found = self.twins.seat(seat)
        found.guest.peer.exceptions = found.peer.exceptions = True

    @precondition(lambda self: self.busy())
    @rule(place=places, verb=verbs, progress=st.tuples(st.integers(0, 3), st.integers(0, 3)))
    def work(self, place: int, verb: str, progress: tuple[int, int]) -> None:
        """WORK_DATA, WORK_STATUS and the endings, from a worker about its own job."""
        busy = self.busy()
        seat, handle = busy[place % len(busy)]
        self.twins.speak(seat, verb, handle, progress)

    @rule(seat=seats, place=places, verb=verbs)
    def speak_about_any_job(self, seat: int, place: int, verb: str) -> None:
        """The same from anybody about any job that ever was."""
        handles = self.twins.handles
        self.twins.speak(seat, verb, handles[-1 - place % len(handles)], (1, 2))

    @rule(seat=seats)
    def leave(self, seat: int) -> None:
        """Disconnect."""
        self.twins.seat(seat)
        self.twins.leave(seat)

    @rule(seconds=st.sampled_from([0.1, 0.5, 2.0, 0.05, 0.0, 10.0]))
    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.twins.wait(seconds)

    @rule(place=places)
    def cancel(self, place: int) -> None:
        """``cancel job``."""
        handles = self.twins.handles
        self.twins.cancel(handles[-1 - place % len(handles)])

    @rule(name=names)
    def drop(self, name: bytes) -> None:
        """``drop function``."""
        self.twins.drop(name)

    @rule(name=names, to=limits)
    def limit(self, name: bytes, to: tuple[int, int, int] | None) -> None:
        """``create function`` and ``maxqueue``."""
        self.twins.limit(name, to)

    @precondition(lambda self: len(self.twins.handles) > 12)
    @rule()
    def drain(self) -> None:
        """The operator wants to stop."""
        self.twins.drain()

    @precondition(lambda self: self.twins.durable and self.twins.house.in_flight is None)
    @rule()
    def take(self) -> None:
        """A commit begins."""
        self.twins.take()

    @precondition(lambda self: self.twins.house.in_flight is not None)
    @rule(elsewhere=st.sampled_from([0, 0, 0, 1]))
    def settle(self, elsewhere: int) -> None:
        """A commit ends well."""
        self.twins.settle(elsewhere)

    @precondition(lambda self: self.twins.house.in_flight is not None)
    @rule()
    def fail_commit(self) -> None:
        """A commit ends badly."""
        self.twins.fail_commit()

    @precondition(lambda self: self.twins.house.in_flight is not None)
    @rule(refuses=st.booleans())
    def lose_store(self, refuses: bool) -> None:
        """A commit ends badly, and with it all that the store held."""
        self.twins.lose_store(refuses=refuses)

    @precondition(lambda self: self.twins.durable)
    @rule()
    def refuse(self) -> None:
        """The store cannot write for now."""
        self.twins.refuse()

    @precondition(lambda self: self.twins.durable and not self.twins.store_is_lost)
    @rule()
    def crash(self) -> None:
        """``kill -9`` and a new start."""
        self.twins.crash()

    def busy(self) -> list[tuple[int, bytes]]:
        """Return who has which job."""
        seats = self.twins.seats.items()
        return [(n, job.handle) for n, seat in seats for job in seat.guest.peer.running]

    def teardown(self) -> None:
        """Let everything come to its end."""
        if hasattr(self, "twins"):
            self.twins.finish()


TestJobServer = pytest.mark.timeout(900)(JobServerMachine.TestCase)  # shrinking takes its time
TestJobServer.settings = long_run(examples=300, steps=60)
