"""A job server written as plainly as possible: lists, and a walk over all of them each time.

It shares no code with the core. What it says of a step is compared with what the job server did.
"""

from __future__ import annotations

from typing import Final

from attrs import define, field

from tests.core.model_parts import Answer, ModelJob, ModelPeer, Refusal

WORK_FAIL: Final = b"WORK_FAIL"
FULL: Final = (b"QUEUE_ERROR", b"Job queue is full")
STOPPING: Final = (b"QUEUE_ERROR", b"Server is shutting down")


@define(eq=False)
class Model:
    """The whole job server; the order of ``jobs`` is that of their making."""

    now: float
    durable: bool
    job_retries: int
    default_limits: tuple[int, int, int]
    max_functions: int
    ahead: float = 0.0
    next_id: int = 1
    draining: bool = False
    keeping: bool = False
    places: int = 0
    search_at: float = 0.0
    jobs: list[ModelJob] = field(factory=list)
    peers: list[ModelPeer] = field(factory=list)
    limits: dict[bytes, tuple[int, int, int]] = field(factory=dict)
    functions: list[bytes] = field(factory=list)
    listed: set[bytes] = field(factory=set)
    created: set[bytes] = field(factory=set)
    noted: list[ModelJob] = field(factory=list)
    flying: list[ModelJob] = field(factory=list)

    # Looking

    @property
    def unix_time(self) -> float:
        """The time by the system clock."""
        return self.now + self.ahead

    def find(self, handle: bytes) -> ModelJob | None:
        """Return the live job called ``handle``."""
        return next((job for job in self.jobs if job.handle == handle), None)

    def newest(self, unique: bytes) -> ModelJob | None:
        """Return the live job with ``unique`` that was made last."""
        found = [job for job in self.jobs if unique not in {b"", b"-"} and job.unique == unique]
        return found[-1] if found else None

    def of(self, name: bytes, *states: str) -> list[ModelJob]:
        """Return the live jobs of a function, in the order of their places."""
        found = [job for job in self.jobs if job.function == name and job.state in states]
        return sorted(found, key=lambda job: job.place)

    def next_for(self, peer: ModelPeer) -> ModelJob | None:
        """Return the job that ``peer`` gets next."""
        for priority in range(3):
            for name in peer.turns:
                for job in self.of(name, "queued"):
                    if job.priority == priority:
                        return job
        return None

    def sleepers(self, name: bytes) -> list[ModelPeer]:
        """Return the sleeping peers that could run jobs of a function."""
        return [peer for peer in self.peers if peer.asleep and name in peer.turns]

    # Clients

    def submit(
        self,
        peer: ModelPeer,
        name: bytes,
        unique: bytes,
        workload: bytes,
        priority: int,
        *,
        background: bool,
        reducer: bytes | None,
        due: float,
    ) -> None:
        """Accept a submission."""
        if self.draining:
            peer.answers.append(STOPPING)
            return
        refusal = self.learn(name)
        if refusal is not None:
            peer.answers.append(refusal)
            return
        known = self.coalesces(name, unique, workload)
        if known is not None:
            self.join(peer, known, background=background)
            return
        limit = self.limits.get(name, self.default_limits)[priority]
        if limit and sum(job.function == name for job in self.jobs) >= limit:
            peer.answers.append(FULL)
            return
        handle = b"H:t:%d" % self.next_id
        self.next_id += 1
        job = ModelJob(handle, name, unique, workload, priority, background, reducer, due)
        self.jobs.append(job)
        if not background:
            job.clients.append(peer)
        elif self.durable:
            self.noted.append(job)
            self.wait(peer, job)
            return
        self.place(job)
        peer.answers.append(handle)

    def coalesces(self, name: bytes, unique: bytes, workload: bytes) -> ModelJob | None:
        """Return the live job that a submission joins."""
        for job in self.jobs:
            same = job.function == name and job.unique == unique and unique
            if same and (unique != b"-" or (workload and job.workload == workload)):
                return job
        return None

    def join(self, peer: ModelPeer, job: ModelJob, *, background: bool) -> None:
        """Attach a submission to a live job."""
        if background:
            if not job.background and self.durable:
                self.noted.append(job)
                job.waiting = []
            job.background = True
            if job.waiting is not None:
                self.wait(peer, job)
                return
        else:
            job.clients.append(peer)
        peer.answers.append(job.handle)

    def wait(self, peer: ModelPeer, job: ModelJob) -> None:
        """Let the next answer of ``peer`` wait for the store."""
        job.waiting = [*(job.waiting or []), (peer, len(peer.answers))]
        peer.answers.append(None)

    def place(self, job: ModelJob) -> None:
        """Queue a job, or let it wait for its time."""
        self.places += 1
        job.place = self.places
        is_kept = self.keeping and job.background and not job.clients
        job.state = "delayed" if job.due > self.unix_time else "kept" if is_kept else "queued"

    # Workers

    def can_do(self, peer: ModelPeer, name: bytes, timeout: float) -> Refusal | None:
        """Register a function."""
        refusal = self.learn(name)
        if refusal is None:
            peer.timeouts[name] = max(timeout, 1.0) if timeout > 0 else 0.0
            if name not in peer.turns:
                peer.turns.insert(0, name)
        return refusal

    def cant_do(self, peer: ModelPeer, name: bytes) -> None:
        """Take a registration back."""
        peer.turns = [known for known in peer.turns if known != name]

    def grab(self, peer: ModelPeer) -> ModelJob | None:
        """Hand a job out."""
        peer.asleep = False
        job = self.next_for(peer)
        if job is not None:
            job.state, job.worker, job.late = "running", peer, None
            self.cant_do(peer, job.function)
            peer.turns.append(job.function)
            peer.holds.append(job)
            timeout = peer.timeouts[job.function]
            if timeout > 0:
                self.places += 1
                job.deadline, job.place = self.now + timeout, self.places
        return job

    def speak(
        self, peer: ModelPeer, verb: str, update: tuple[bytes, ...], progress: tuple[int, int]
    ) -> bool | None:
        """Handle a worker's packet; return whether it may speak of the job, None if ignored."""
        handle = update[1]
        job = self.find(handle)
        if job is None or job.worker is not peer:
            if handle not in peer.forgiven:
                return False
            if verb in {"complete", "fail"}:
                peer.forgiven.discard(handle)
            if job is None or job.late is not peer or verb in {"fail", "throw"}:
                return None
        for client in job.clients:
            fails = verb == "fail" or (verb == "throw" and not client.exceptions)
            client.heard.append((WORK_FAIL, handle) if fails else update)
        if verb == "status" and job.worker is not None:
            job.progress = progress
        if verb == "throw":
            peer.forgiven.add(handle)
        if verb in {"complete", "fail", "throw"}:
            self.end(job)
        return True

    # Endings

    def end(self, job: ModelJob) -> None:
        """Forget a job."""
        self.jobs.remove(job)
        if job.worker is not None:
            job.worker.holds.remove(job)
        job.state, job.worker, job.clients = "ended", None, []

    def fail(self, job: ModelJob) -> None:
        """End a job without a result."""
        for client in job.clients:
            client.heard.append((WORK_FAIL, job.handle))
        self.end(job)

    def lose(self, job: ModelJob) -> None:
        """End a try that lost its worker or ran out of time."""
        assert job.worker is not None, "it is running"
        job.worker.holds.remove(job)
        job.worker, job.deadline = None, None
        job.retries += 1
        job.progress = (0, 0)
        if 1 <= self.job_retries <= job.retries:
            self.fail(job)
        elif job.background or job.clients:
            job.due = 0.0
            self.place(job)
        else:
            self.end(job)

    def leave(self, peer: ModelPeer) -> None:
        """Forget a connection."""
        self.peers.remove(peer)
        peer.asleep = False
        for job in list(self.jobs):
            job.clients = [client for client in job.clients if client is not peer]
            self.drop_if_abandoned(job)
        peer.turns = []
        for job in reversed(list(peer.holds)):
            self.lose(job)

    def drop_if_abandoned(self, job: ModelJob) -> None:
        """End a foreground job without clients, unless it runs."""
        if not job.background and not job.clients and job.state in {"queued", "delayed", "kept"}:
            self.end(job)

    def pass_time(self, seconds: float) -> list[bytes]:
        """Do what is due; return the handles of the jobs that timed out."""
        self.now += seconds
        due = [job for job in self.jobs if job.state == "delayed" and job.due <= self.unix_time]
        for job in sorted(due, key=lambda job: (job.due, job.place)):
            self.place(job)
        late = [(job.deadline, job.place, job) for job in self.jobs if job.deadline is not None]
        timed_out = [job for when, _, job in sorted(late, key=lambda x: x[:2]) if when <= self.now]
        for job in timed_out:
            assert job.worker is not None, "it is running"
            job.late = job.worker
            job.late.forgiven.add(job.handle)
            self.lose(job)
        return [job.handle for job in timed_out]

    # Operators

    def cancel(self, handle: bytes) -> bool:
        """End a job; one more packet of its worker is forgiven."""
        job = self.find(handle)
        if job is None or job.state == "committing":
            return False
        if job.worker is not None:
            job.worker.forgiven.add(handle)
        self.fail(job)
        return True

    def learn(self, name: bytes) -> Refusal | None:
        """Make a function known, and listed by reports."""
        refusal = self.make_room(name)
        if refusal is None:
            self.listed.add(name)
        return refusal

    def make_room(self, name: bytes) -> Refusal | None:
        """Make a function known."""
        if name in self.functions:
            return None
        if len(self.functions) >= self.max_functions and self.now >= self.search_at:
            self.search_at = self.now + 1
            self.functions = [known for known in self.functions if self.is_used(known)]
            self.listed &= set(self.functions)
        if len(self.functions) >= self.max_functions:
            return b"QUEUE_ERROR", b"Too many functions, the limit is %d" % self.max_functions
        self.functions.append(name)
        return None

    def is_used(self, name: bytes) -> bool:
        """Return whether a function is in use."""
        wanted = name in self.created or any(name in peer.turns for peer in self.peers)
        return wanted or any(job.function == name for job in self.jobs)

    def drop(self, name: bytes) -> str:
        """Forget a function; return the error, if any."""
        if name not in self.listed:
            return "unknown"
        if any(name in peer.turns for peer in self.peers) or self.of(name, "running", "committing"):
            return "in use"
        for job in [job for job in self.jobs if job.function == name]:
            self.fail(job)
        self.functions.remove(name)
        self.listed.remove(name)
        self.limits.pop(name, None)
        self.created.discard(name)
        return "dropped"

    def drain(self) -> None:
        """Refuse submissions, and leave stored jobs without clients to the next start."""
        self.draining = True
        self.keeping = self.durable
        for job in self.jobs:
            if job.state == "queued" and job.background and not job.clients and self.keeping:
                job.state = "kept"

    @property
    def is_drained(self) -> bool:
        """Whether no job has to end before the server may."""
        if not self.keeping:
            return not self.jobs
        return not any(job.state == "running" or job.clients or job.waiting for job in self.jobs)

    # The store

    def take(self) -> list[bytes]:
        """Begin a commit; return the handles of the jobs that it adds."""
        self.flying, self.noted = self.noted, []
        return [job.handle for job in self.flying if job.state != "ended"]

    def settle(self, elsewhere: dict[bytes, Answer]) -> None:
        """Let a commit succeed, except for jobs that others hold ``elsewhere``.

        Those that are stored are queued first.
        """
        flying = sorted(self.flying, key=lambda job: job.handle in elsewhere)
        self.flying = []
        self.answer(flying, {job.handle: elsewhere.get(job.handle, job.handle) for job in flying})

    def fail_commit(self, refusal: Refusal) -> None:
        """Let a commit fail."""
        flying, self.flying = self.flying, []
        self.answer(flying, {job.handle: refusal for job in flying})

    def put_back(self) -> None:
        """Let a commit fail, and keep all of it for the next one."""
        self.noted, self.flying = self.flying + self.noted, []

    def refuse(self, refusal: Refusal) -> None:
        """Refuse the submissions that wait for the next batch."""
        noted, self.noted = self.noted, []
        self.answer(noted, {job.handle: refusal for job in noted})

    def answer(self, jobs: list[ModelJob], answers: dict[bytes, Answer]) -> None:
        """Answer the submissions of ``jobs``; a job whose answer is its own handle is kept."""
        for job in jobs:
            keeps = answers[job.handle] == job.handle
            for peer, number in job.waiting or []:
                peer.answers[number] = answers[job.handle]
            job.waiting = None
            if not keeps:
                job.background = False
            if job.state == "committing":
                if keeps or job.clients:
                    self.place(job)
                else:
                    self.end(job)
            self.drop_if_abandoned(job)
