"""A job server and its model, driven side by side; every step compares their packets."""

from __future__ import annotations

from gearman_tx.core import FunctionInUseError, FunctionSettings, UnknownFunctionError
from gearman_tx.core.dispatch import WAKE_PATIENCE
from gearman_tx.errors import Refused
from tests.core.core_fixture import limits_of
from tests.core.expectations import Pair, same_job
from tests.core.model_parts import Answer, ModelJob
from tests.core.recording_link import NOOP, WORK_FAIL

NOT_FOUND = {
    "data": b"Job does not exist on server",
    "status": b"Job given in work result not found",
    "complete": b"Job given in work result not found",
    "fail": b"Job given in work result not found",
    "throw": b"An exception was received for a job that does not exist",
}
FAILED = (b"QUEUE_ERROR", b"disk full")


class Twins(Pair):
    """Every verb, called on both."""

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
        """Submit to both; a new queued job wakes as many workers as the policy says."""
        pair = self.pair(number)
        before = {job.handle for job in self.server.tables.jobs}
        sleepers = len(self.model.sleepers(name))
        pair.connection.submit(
            name,
            workload,
            unique=unique,
            priority=priority,
            background=background,
            reducer=reducer,
            due=due,
        )
        self.model.submit(
            pair.peer,
            name,
            unique,
            workload,
            priority,
            background=background,
            reducer=reducer,
            due=due,
        )
        if background:
            pair.promised.append(len(pair.peer.answers) - 1)
        else:
            answer = pair.connection.answers[-1]
            if isinstance(answer, bytes):
                pair.owed[answer] += 1
        made = [job for job in self.server.tables.jobs if job.handle not in before]
        self.handles += [job.handle for job in made]
        newest = self.model.jobs[-1] if made else None
        is_queued = newest is not None and newest.state == "queued"
        wakeup = self.policy.worker_wakeup or sleepers
        self.compare(noops=min(sleepers, wakeup) if is_queued else 0)

    def can_do(self, number: int, name: bytes, timeout: float) -> None:
        """Register with both; a sleeping worker with new work is woken."""
        pair = self.pair(number)
        is_new = name not in pair.peer.turns
        refusal = None
        try:
            pair.connection.can_do(name, timeout)
        except Refused as refused:
            refusal = (refused.code, refused.text)
        assert self.model.can_do(pair.peer, name, timeout) == refusal
        wakes = is_new and pair.peer.asleep and self.model.of(name, "queued")
        self.compare(noops=1 if wakes else 0)

    def cant_do(self, number: int, name: bytes) -> None:
        """Take a registration back."""
        pair = self.pair(number)
        pair.connection.cant_do(name)
        self.model.cant_do(pair.peer, name)
        self.compare()

    def reset_abilities(self, number: int) -> None:
        """Take all registrations back."""
        pair = self.pair(number)
        self.server.dispatch.reset_abilities(pair.connection.peer)
        pair.peer.turns = []
        self.compare()

    def grab(self, number: int) -> None:
        """Grab from both; both must give the same job, as it was submitted."""
        pair = self.pair(number)
        expected = self.model.grab(pair.peer)
        job = pair.connection.grab_job()
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
            self.expectations.late.pop(handle, None)
            self.expectations.runs[handle] += 1
            assert self.expectations.runs[handle] <= self.expectations.losses[handle] + 1, (
                "run once too often"
            )
            assert handle not in self.expectations.ended
        self.compare()

    def sleep(self, number: int) -> None:
        """Send PRE_SLEEP; NOOP comes at once if there is work, else not at all."""
        pair = self.pair(number)
        has_work = self.model.next_for(pair.peer) is not None
        pair.connection.sleep()
        assert (pair.connection.link.said == [(NOOP,)]) is has_work
        pair.connection.heard()
        pair.peer.asleep = not has_work
        self.compare(noops=0)

    def speak(self, number: int, verb: str, handle: bytes, progress: tuple[int, int]) -> None:
        """Send a worker's packet about a job, its own or not."""
        pair = self.pair(number)
        connection = pair.connection
        says = {
            "data": lambda: connection.work(handle, b"some"),
            "status": lambda: connection.progress(handle, *progress),
            "complete": lambda: connection.complete(handle, b"done"),
            "fail": lambda: connection.fail(handle),
            "throw": lambda: connection.throw(handle, b"error"),
        }
        updates = {
            "data": (b"WORK_DATA", handle, b"some"),
            "status": (b"WORK_STATUS", handle, b"%d/%d" % progress),
            "complete": (b"WORK_COMPLETE", handle, b"done"),
            "fail": (WORK_FAIL, handle),
            "throw": (b"WORK_EXCEPTION", handle, b"error"),
        }
        is_own = any(job.handle == handle for job in connection.peer.running)
        is_late = self.expectations.late.get(handle) == number and verb == "complete"
        refusal = None
        try:
            says[verb]()
        except Refused as refused:
            refusal = refused
        understood = self.model.speak(pair.peer, verb, updates[verb], progress)
        assert (understood is False) is (refusal is not None)
        if refusal is not None:
            assert (refusal.code, refusal.text) == (b"JOB_NOT_FOUND", NOT_FOUND[verb])
        if is_late or (is_own and verb in {"complete", "fail", "throw"}):
            self.expectations.ended.add(handle)
        self.compare(noops=0)

    def leave(self, number: int) -> None:
        """Disconnect."""
        pair = self.pairs.pop(number)
        for job in pair.connection.peer.running:
            self.expectations.losses[job.handle] += 1
        pair.connection.heard()
        pair.connection.leave()
        self.model.leave(pair.peer)
        pair.peer.heard.clear()
        self.held = [(place, handle) for place, handle in self.held if place != number]
        late = self.expectations.late
        self.expectations.late = {
            handle: place for handle, place in late.items() if place != number
        }
        self.gone.append(pair)
        self.compare()

    def wait(self, seconds: float) -> None:
        """Let time pass for both."""
        count = len(self.core.events.timed_out)
        holders = {
            job.handle: number
            for number, pair in self.pairs.items()
            for job in pair.connection.peer.running
        }
        late = self.model.pass_time(seconds)
        self.core.wait(seconds)
        assert self.core.events.timed_out[count:] == late
        self.expectations.losses.update(late)
        self.expectations.late |= {handle: holders[handle] for handle in late}
        next_time = self.server.deadlines.next_time()
        assert next_time is None or next_time > self.core.now, "the timer would ring forever"
        self.compare()

    def set_clock(self, seconds: float) -> None:
        """Set the system clock forward or back for both; what follows from it comes later."""
        self.server.tables.set_time(self.core.now, self.server.unix_time + seconds)
        self.model.ahead += seconds
        self.compare(noops=0)

    # Operators

    def cancel(self, handle: bytes) -> None:
        """Cancel a job in both."""
        done = self.server.control.cancel(handle)
        assert done == self.model.cancel(handle)
        if done:
            self.expectations.ended.add(handle)
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
            self.expectations.ended |= doomed
        self.compare(noops=0)

    def limit(self, name: bytes, limits: tuple[int, int, int] | None) -> None:
        """Create a function in both, and limit it."""
        refusal = None
        try:
            if limits is None:
                self.server.control.create_function(name)
            else:
                self.server.control.configure(name, FunctionSettings(limits))
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
        """Let both refuse submissions and hand out no more jobs than they must."""
        self.server.control.drain()
        self.server.control.keep()
        self.model.drain()
        self.compare(noops=0)

    # The store

    def take(self) -> None:
        """Begin a commit; the batch adds what the model says, in that order at the end."""
        batch = self.core.take()
        expected = self.model.take()
        added = [record.handle for record in batch.added]
        assert added[len(added) - len(expected) :] == expected
        self.compare(noops=0)

    def settle(self, elsewhere: int) -> None:
        """Let a commit succeed; another server may hold some jobs with a unique."""
        assert self.core.in_flight is not None, "the machine asked"
        uniques = [r for r in self.core.in_flight.added if r.unique and not self.store_is_lost]
        waiting = {job.handle for job in self.model.flying}
        chosen = [r for r in uniques if r.handle in waiting][:elsewhere]
        answers: dict[bytes, Answer] = {r.handle: b"H:elsewhere:%d" % r.id for r in chosen}
        self.core.settle({r.id: b"H:elsewhere:%d" % r.id for r in chosen})
        self.store_is_lost = self.store_is_lost and not self.server.ledger.is_empty
        self.model.settle(answers)
        self.compare()

    def fail_commit(self) -> None:
        """Let a commit fail."""
        self.core.fail()
        self.model.fail_commit(FAILED)
        self.compare()

    def lose_store(self, *, refuses: bool) -> None:
        """Lose the contents of the store: all is stored again, with or without refusals."""
        self.core.store.rows.clear()
        self.core.store.settings.clear()
        self.store_is_lost = True
        if refuses:
            self.core.fail()
            self.model.fail_commit(FAILED)
        else:
            self.core.put_back()
            self.model.put_back()
        self.server.ledger.store_again()
        self.compare()

    def refuse(self) -> None:
        """Refuse the noted submissions; the store cannot write."""
        self.core.refuse()
        self.model.refuse(FAILED)
        self.compare()

    def crash(self) -> None:
        """Kill the server; promised jobs come back from the store, the others are gone."""
        rows = self.core.store.rows
        stored = {record.handle for record in rows.values()}
        assert self.expectations.promised - self.expectations.ended <= stored, "a promise was lost"
        old = {job.handle: job for job in self.model.jobs}
        self.core = self.core.restart()
        self.pairs, self.gone, self.held = {}, [], []
        self.expectations.late.clear()
        self.model = self.new_model()
        self.model.next_id = self.server.tables.next_id
        self.model.limits = limits_of(self.core.store.settings)
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
                retries=record.losses,
            )
            if job.function not in self.model.functions:
                self.model.functions.append(job.function)
            self.model.listed.add(job.function)
            self.model.jobs.append(job)
            self.model.place(job)
            self.expectations.losses[job.handle] += 1
            self.expectations.ended.discard(job.handle)
            if job.handle in old:
                same_job(job, old[job.handle])
        self.expectations.ended |= set(self.handles) - stored
        self.compare(noops=0)

    # The end

    def finish(self) -> None:
        """End all jobs; no client may be left waiting, and no state may be left."""
        self._commit_all()
        self.wait(1e6)
        for _ in range(len(self.pairs) + 1):
            self.wait(WAKE_PATIENCE)
        for job in self.model.jobs:
            waits = job.state == "queued" and self.model.sleepers(job.function)
            assert not waits, "a job waits while a worker sleeps"
        for number in list(self.pairs):
            for held in list(self.pairs[number].connection.peer.running):
                self.speak(number, "complete", held.handle, (0, 0))
        last = 1000
        for name in sorted({job.function for job in self.model.jobs}):
            self.can_do(last, name, 0.0)
        while any(job.state != "kept" for job in self.model.jobs):
            self.grab(last)
            self.speak(last, "complete", self.pair(last).peer.holds[0].handle, (0, 0))
        assert self.server.control.is_drained
        self._commit_all()
        kept = {job.handle for job in self.model.jobs}
        assert {record.handle for record in self.core.store.rows.values()} == kept
        if kept:
            self.crash()  # the next server runs the jobs that this one kept
            self.finish()
        assert self.expectations.promised <= self.expectations.ended

    def _commit_all(self) -> None:
        """Make the notes durable."""
        if self.core.in_flight is not None:
            self.settle(0)
        while not self.server.ledger.is_empty:
            self.take()
            self.settle(0)
