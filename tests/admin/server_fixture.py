"""A job server without a network, and the one whose reports the reference shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from attrs import define, field

from gearman_tx.admin import AdminCommands
from gearman_tx.core import HIGH, LOW, NORMAL, Job, JobServer, Peer, PeerLink, Policy

START = 1000.0
AGE = 12.0  # how long after START the reports of the reference are made
WORKLOAD = b"photo.jpg"
STORE: list[tuple[str, str | int | float]] = [
    ("kind", "sqlite"),
    ("path", "/var/lib/gearmand/gearmand-4730.sqlite3"),
    ("state", "ok"),
    ("jobs", 5),
    ("size", 98304),
    ("log", 20632),
    ("commits", 3),
    ("added", 5),
    ("errors", 0),
    ("waiting", 0),
    ("lag", 0.0),
    ("last-commit", 1004.25),
    ("last-seconds", 0.0042),
    ("last-error", ""),
]


@define(eq=False)
class Port(PeerLink):
    """A connection that notes the jobs for which it got WORK_FAIL."""

    fd: int
    host: str = "127.0.0.1"
    failures: list[bytes] = field(factory=list)

    def noop(self) -> None:
        """Ignore a wake-up."""

    def created(self, handle: bytes) -> None:
        """Ignore a late JOB_CREATED."""

    def refused(self, code: bytes, text: bytes) -> None:
        """Ignore a late ERROR."""

    def update(self, parts: Sequence[bytes]) -> None:
        """Ignore what a worker says."""

    def failed(self, handle: bytes) -> None:
        """Note a WORK_FAIL."""
        self.failures.append(handle)


class SilentEvents:
    """A listener that ignores what operators want to know."""

    def job_timed_out(self, handle: bytes, function: bytes) -> None:
        """Ignore a timeout."""

    def job_given_up(self, handle: bytes, function: bytes, losses: int) -> None:
        """Ignore a job that is given up."""


@define(eq=False)
class ServerFixture:
    """A job server, its text protocol, and short names for what tests do to them."""

    jobs: JobServer
    admin: AdminCommands

    def ask(self, line: bytes) -> bytes:
        """Return the whole reply to ``line``."""
        return b"".join(self.reply(line))

    def reply(self, line: bytes) -> Iterator[bytes]:
        """Return the reply to ``line``, in pieces, to an operator who is not listed."""
        return self.admin.reply(Peer(Port(10)), line)

    def peer(self, fd: int, *functions: bytes, client_id: bytes = b"-") -> Peer:
        """Return a new connection that registered ``functions``."""
        peer = self.jobs.join(Port(fd))
        peer.client_id = client_id
        for name in functions:
            self.jobs.dispatch.can_do(peer, name)
        return peer

    def submit(
        self, peer: Peer, function: bytes, unique: bytes = b"", priority: int = NORMAL
    ) -> Job:
        """Return a new background job."""
        job = self.jobs.intake.submit(peer, function, unique, WORKLOAD, priority, background=True)
        assert job is not None
        return job

    def call(self, peer: Peer, function: bytes, unique: bytes = b"") -> Job:
        """Return a new foreground job."""
        job = self.jobs.intake.submit(peer, function, unique, WORKLOAD, NORMAL, background=False)
        assert job is not None
        return job

    def delay(self, peer: Peer, function: bytes, seconds: float) -> Job:
        """Return a new background job that is due in ``seconds``."""
        due = self.jobs.tables.now + seconds
        job = self.jobs.intake.submit(
            peer, function, b"", WORKLOAD, NORMAL, background=True, due=due
        )
        assert job is not None
        return job


def empty_server(
    *,
    shutdown: Callable[[bool], None] | None = None,
    verbosity: str = "NOTICE",
    max_functions: int = 1000,
    store: Callable[[], list[tuple[str, str | int | float]]] | None = None,
) -> ServerFixture:
    """Return a job server that knows nothing yet; its handles start with ``H:vm:1``."""
    policy = Policy(handle_prefix=b"H:vm", max_functions=max_functions)
    jobs = JobServer(policy, SilentEvents(), now=START)
    admin = AdminCommands(
        jobs, version="1.2.3", verbosity=verbosity, shutdown=shutdown, store=store
    )
    return ServerFixture(jobs, admin)


def busy_server() -> ServerFixture:
    """Return the server of the reference: two workers with one job each, four queued jobs."""
    server = empty_server(store=lambda: STORE)
    first = server.peer(11, b"resize", b"crop", client_id=b"worker-1")
    second = server.peer(12, b"resize", client_id=b"worker-2")
    client = server.peer(13)
    for unique in (b"r0", b"r1", b"r2"):
        server.submit(client, b"resize", unique)
    server.submit(client, b"resize", b"rh", HIGH)
    server.submit(client, b"resize", b"rl", LOW)
    server.jobs.dispatch.grab(second)
    crop = server.call(client, b"crop", b"cfg")
    server.jobs.dispatch.cant_do(first, b"resize")  # so that its turn is crop's
    server.jobs.dispatch.grab(first)
    server.jobs.dispatch.reset_abilities(first)
    for name in (b"resize", b"crop"):
        server.jobs.dispatch.can_do(first, name)
    server.jobs.outcome.status(first, crop.handle, (1, 4), ())
    server.jobs.join(Port(14, "::1"))
    server.jobs.tables.now = START + AGE
    return server
