"""A job server and its model, driven side by side; every step compares what both say."""

from __future__ import annotations

from gearman_tx.core import FunctionInUseError, UnknownFunctionError
from gearman_tx.core.dispatch import WAKE_PATIENCE
from gearman_tx.errors import Refused
from tests.core.books import Pair, same_job
from tests.core.model_parts import Answer, ModelJob
from tests.core.port import NOOP, WORK_FAIL

NOT_FOUND = {
    "data": b"Job does not exist on server",
    "status": b"Job given in work result not found",
    "complete": b"Job given in work result not found",
    "fail": b"Job given in work result not found",
    "throw": b"An exception was received for a job that does not exist",
}
FAILED = (b"QUEUE_ERROR", b"disk full")


class Twins(Pair):
    """Every verb, said to both."""

    def submit(
        self,
        number: int,
        name: bytes,
        unique: bytes,
        workload: bytes,
        priority: int,
        *,
        background: bool,
        reducer: bytes | None,
        due: float,
    ) -> None:
        """Submit to both; a new queued job wakes as many as the policy says."""
        seat = self.seat(number)
        before = {job.handle for job in self.server.tables.jobs}
        sleepers = len(self.model.sleepers(name))
        seat.guest.submit(
            name,
            workload,
            unique=unique,
            priority=priority,
            background=background,
            reducer=reducer,
            due=due,
        )
        self.model.submit(
            seat.peer,
            name,
            unique,
            workload,
            priority,
            background=background,
            reducer=reducer,
            due=due,
        )
        if background:
            seat.promised.append(len(seat.peer.answers) - 1)
        else:
            answer = seat.guest.answers[-1]
            if isinstance(answer, bytes):
                seat.owed[answer] += 1
        made = [job for job in self.server.tables.jobs if job.handle not in before]
        self.handles += [job.handle for job in made]
        newest = self.model.jobs[-1] if made else None
        is_queued = newest is not None and newest.state == "queued"
        wakeup = self.policy.worker_wakeup or sleepers
        self.compare(noops=min(sleepers, wakeup) if is_queued else 0)

    def can_do(self, number: int, name: bytes, timeout: float) -> None:
        """Register with both; a sleeper for whom new work waits is woken."""
        seat = self.seat(number)
        is_new = name not in seat.peer.turns
        refusal = None
        try:
            seat.guest.can_do(name, timeout)
        except Refused as refused:
            refusal = (refused.code, refused.text)
        assert self.model.can_do(seat.peer, name, timeout) == refusal
        wakes = is_new and seat.peer.asleep and self.model.of(name, "queued")
        self.compare(noops=1 if wakes else 0)

    def cant_do(self, number: int, name: bytes) -> None:
        """Take a registration back."""
        seat = self.seat(number)
        seat.guest.cant_do(name)
        self.model.cant_do(seat.peer, name)
        self.compare()

    def reset_abilities(self, number: int) -> None:
        """Take all registrations back."""
        seat = self.seat(number)
        self.server.dispatch.reset_abilities(seat.guest.peer)
        seat.peer.turns = []
        self.compare()

    def grab(self, number: int) -> None:
        """Grab from both; the same job must come, and as it was submitted."""
        seat = self.seat(number)
        expected = self.model.grab(seat.peer)
        job = seat.guest.grab_job()
        if expected is None:
            assert job is None
        else:
            assert job is not None
            handle = job.handle
            assert handle == expected.handle
            assert job.function.name == expected.function
            assert (job.unique, job.workload) == (expected.unique, expected.workload)
            assert job.reducer == expected.reducer
            self.held.append((number, handle))
            self.books.runs[handle] += 1
            assert self.books.runs[handle] <= self.books.losses[handle] + 1, "run once too often"
            assert handle not in self.books.ended
        self.compare()

    def sleep(self, number: int) -> None:
        """Send PRE_SLEEP; NOOP comes at once when there is work, else never unasked."""
        seat = self.seat(number)
        has_work = self.model.next_for(seat.peer) is not None
        seat.guest.sleep()
        assert (seat.guest.port.said == [(NOOP,)]) is has_work
        seat.guest.heard()
        seat.peer.asleep = not has_work
        self.compare(noops=0)

    def speak(self, number: int, verb: str, handle: bytes, progress: tuple[int, int]) -> None:
        """A worker says something about a job, its own or not."""
        seat = self.seat(number)
        guest = seat.guest
        says = {
            "data": lambda: guest.work(handle, b"some"),
            "status": lambda: guest.progress(handle, *progress),
            "complete": lambda: guest.complete(handle, b"done"),
            "fail": lambda: guest.fail(handle),
            "throw": lambda: guest.throw(handle, b"error"),
        }
        updates = {
            "data": (b"WORK_DATA", handle, b"some"),
            "status": (b"WORK_STATUS", handle, b"%d/%d" % progress),
            "complete": (b"WORK_COMPLETE", handle, b"done"),
            "fail": (WORK_FAIL, handle),
            "throw": (b"WORK_EXCEPTION", handle, b"error"),
        }
        is_own = any(job.handle == handle for job in guest.peer.running)
        refusal = None
        try:
            says[verb]()
        except Refused as refused:
            refusal = refused
        understood = self.model.speak(seat.peer, verb, updates[verb], progress)
        assert (understood is False) is (refusal is not None)
        if refusal is not None:
            assert (refusal.code, refusal.text) == (b"JOB_NOT_FOUND", NOT_FOUND[verb])
        if is_own and verb in {"complete", "fail", "throw"}:
            self.books.ended.add(handle)
        self.compare(noops=0)

    def leave(self, number: int) -> None:
        """Disconnect."""
        seat = self.seats.pop(number)
        for job in seat.guest.peer.running:
            self.books.losses[job.handle] += 1
        seat.guest.heard()
        seat.guest.leave()
        self.model.leave(seat.peer)
        seat.peer.heard.clear()
        self.held = [(place, handle) for place, handle in self.held if place != number]
        self.gone.append(seat)
        self.compare()

    def wait(self, seconds: float) -> None:
        """Let time pass for both."""
        count = len(self.house.events.timed_out)
        late = self.model.pass_time(seconds)
        self.house.wait(seconds)
        assert self.house.events.timed_out[count:] == late
        self.books.losses.update(late)
        next_time = self.server.deadlines.next_time()
        assert next_time is None or next_time > self.house.now, "the timer would ring for ever"
        self.compare()

    # Operators

    def cancel(self, handle: bytes) -> None:
        """Cancel a job in both."""
        done = self.server.control.cancel(handle)
        assert done == self.model.cancel(handle)
        if done:
            self.books.ended.add(handle)
        self.compare(noops=0)

    def drop(self, name: bytes) -> None:
        """Drop a function in both."""
        doomed = {job.handle for job in self.server.tables.jobs if job.function.name == name}
        outcome = "dropped"
        try:
            self.server.control.drop_function(name)
        except UnknownFunctionError:
            outcome = "unknown"
        except FunctionInUseError:
            outcome = "in use"
        assert outcome == self.model.drop(name)
        if outcome == "dropped":
            self.books.ended |= doomed
        self.compare(noops=0)

    def limit(self, name: bytes, limits: tuple[int, int, int] | None) -> None:
        """Create a function in both, and limit it."""
        refusal = None
        try:
            if limits is None:
                self.server.control.create_function(name)
            else:
                self.server.control.set_max_queue(name, limits)
        except Refused as refused:
            refusal = (refused.code, refused.text)
        learn = self.model.learn if limits is None else self.model.make_room
        assert learn(name) == refusal
        if refusal is None:
            self.model.created.add(name)
            if limits is not None:
                self.model.limits[name] = limits
        self.compare(noops=0)

    def drain(self) -> None:
        """Let both refuse submissions and hand out no more than they must."""
        self.server.control.drain()
        self.server.control.keep()
        self.model.drain()
        self.compare(noops=0)

    # The store

    def take(self) -> None:
        """Begin a commit; the batch adds what the model says, in that order at the end."""
        batch = self.house.take()
        expected = self.model.take()
        added = [record.handle for record in batch.added]
        assert added[len(added) - len(expected) :] == expected
        self.compare(noops=0)

    def settle(self, elsewhere: int) -> None:
        """End a commit well; some jobs with a unique may be held by another server."""
        assert self.house.in_flight is not None, "the machine asked"
        uniques = [r for r in self.house.in_flight.added if r.unique and not self.store_is_lost]
        waiting = {job.handle for job in self.model.flying}
        chosen = [r for r in uniques if r.handle in waiting][:elsewhere]
        answers: dict[bytes, Answer] = {r.handle: b"H:elsewhere:%d" % r.id for r in chosen}
        self.house.settle({r.id: b"H:elsewhere:%d" % r.id for r in chosen})
        self.store_is_lost = self.store_is_lost and not self.server.ledger.is_empty
        self.model.settle(answers)
        self.compare()

    def fail_commit(self) -> None:
        """End a commit badly."""
        self.house.fail()
        self.model.fail_commit(FAILED)
        self.compare()

    def lose_store(self, *, refuses: bool) -> None:
        """The store lost all that it held: it is given all again, whoever is refused or not."""
        self.house.store.rows.clear()
        self.house.store.max_queue.clear()
        self.store_is_lost = True
        if refuses:
            self.house.fail()
            self.model.fail_commit(FAILED)
        else:
            self.house.put_back()
            self.model.put_back()
        self.server.ledger.store_again()
        self.compare()

    def refuse(self) -> None:
        """The store cannot write, and nobody waits for it."""
        self.house.refuse()
        self.model.refuse(FAILED)
        self.compare()

    def crash(self) -> None:
        """Kill the server; what was promised comes back from the store, the rest is gone."""
        rows = self.house.store.rows
        stored = {record.handle for record in rows.values()}
        assert self.books.promised - self.books.ended <= stored, "a promise was lost"
        old = {job.handle: job for job in self.model.jobs}
        self.house = self.house.restart()
        self.seats, self.gone, self.held = {}, [], []
        self.model = self.new_model()
        self.model.next_id = self.server.tables.next_id
        self.model.limits = dict(self.house.store.max_queue)
        self.model.functions = list(self.model.limits)
        self.model.created = set(self.model.limits)
        for number in sorted(rows):
            record = rows[number]
            job = ModelJob(
                record.handle,
                record.function,
                record.unique,
                record.workload,
                record.priority,
                background=True,
                reducer=record.reducer,
                due=record.due,
                retries=record.retries,
            )
            if job.function not in self.model.functions:
                self.model.functions.append(job.function)
            self.model.listed.add(job.function)
            self.model.jobs.append(job)
            self.model.place(job)
            self.books.losses[job.handle] += 1
            self.books.ended.discard(job.handle)
            if job.handle in old:
                same_job(job, old[job.handle])
        self.books.ended |= set(self.handles) - stored
        self.compare(noops=0)

    # The end

    def finish(self) -> None:
        """Bring everything to its end; nobody may be left waiting, and nothing may be left."""
        self._commit_all()
        self.wait(1e6)
        for _ in range(len(self.seats) + 1):
            self.wait(WAKE_PATIENCE)
        for job in self.model.jobs:
            waits = job.state == "queued" and self.model.sleepers(job.function)
            assert not waits, "a job waits while a worker sleeps"
        for number in list(self.seats):
            for held in list(self.seats[number].guest.peer.running):
                self.speak(number, "complete", held.handle, (0, 0))
        last = 1000
        for name in sorted({job.function for job in self.model.jobs}):
            self.can_do(last, name, 0.0)
        while any(job.state != "kept" for job in self.model.jobs):
            self.grab(last)
            self.speak(last, "complete", self.seat(last).peer.holds[0].handle, (0, 0))
        assert self.server.control.is_drained
        self._commit_all()
        kept = {job.handle for job in self.model.jobs}
        assert {record.handle for record in self.house.store.rows.values()} == kept
        if kept:
            self.crash()  # the next server does what this one kept for it
            self.finish()
        assert self.books.promised <= self.books.ended

    def _commit_all(self) -> None:
        """Make durable what is noted."""
        if self.house.in_flight is not None:
            self.settle(0)
        while not self.server.ledger.is_empty:
            self.take()
            self.settle(0)
