"""The stage: the real parties in memory, and what may happen to a server."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.error import CannotListenError

from gearman_tx import (
    JSON,
    Client,
    ConfigurationError,
    ConnectionLost,
    JobException,
    LifeLimits,
    NoServer,
    Worker,
    WorkerJob,
)
from gearman_tx.admin import AdminClient
from gearman_tx.core import Policy
from gearman_tx.link import LinkLimits
from gearman_tx.server import ConnectionLimits
from gearman_tx.testing import MemoryReactor, MemoryServer, NoResult, Stage
from tests.link.logs import watched_log


def reverse(job: WorkerJob) -> bytes:
    """Return the workload turned round."""
    return job.workload[::-1]


def performer(stage: Stage, **functions: Any) -> Worker:
    """Start a worker with functions by name."""
    worker = stage.worker()
    for name, function in functions.items():
        worker.register(name, function)
    return stage.start(worker)


def test_the_parties_are_those_of_production() -> None:
    """A stage hands out the public classes themselves, not look-alikes."""
    with Stage() as stage:
        assert type(stage.client()) is Client
        assert type(stage.worker()) is Worker


def test_plain_functions_run_at_once_and_here() -> None:
    """No thread is used: not for the function, not at the worker's end."""
    before = threading.active_count()
    threads = []

    def where(_job: WorkerJob) -> None:
        threads.append(threading.current_thread())

    with Stage() as stage:
        performer(stage, where=where)
        assert stage.result(stage.client().submit("where", b"")) == b""
    assert threads == [threading.current_thread()]
    assert threading.active_count() == before


def test_functions_for_processes_run_here_too() -> None:
    """They are given the data alone, as in a process."""
    with Stage() as stage:
        worker = stage.worker(encoder=JSON)
        worker.register("sum", sum, place="process")
        stage.start(worker)
        assert stage.result(stage.client(encoder=JSON).submit("sum", [1, 2, 3])) == 6


def test_a_plain_function_that_returns_a_deferred_is_a_mistake() -> None:
    """The stage finds what production would find: a Deferred in a thread is of no use."""
    with Stage() as stage, watched_log() as log:
        performer(stage, wrong=lambda _job: Deferred())
        with pytest.raises(JobException, match="register it with place='reactor'"):
            stage.result(stage.client().submit("wrong", b""))
        assert len(log.failures()) == 1


def test_updates_of_a_plain_function() -> None:
    """What a function says on its way reaches the client, in order."""

    def count(job: WorkerJob) -> bytes:
        job.send_status(1, 2)
        job.send_data(b"half")
        job.send_warning(b"careful")
        return b"done"

    updates: list[Any] = []
    with Stage() as stage:
        performer(stage, count=count)
        task = stage.client().submit(
            "count",
            b"",
            on_status=lambda *numbers: updates.append(numbers),
            on_data=updates.append,
            on_warning=updates.append,
        )
        assert stage.result(task) == b"done"
    assert updates == [(1, 2), b"half", b"careful"]


def test_a_copy_of_a_worker_has_its_functions_and_options() -> None:
    """A worker of another reactor is left alone; the copy differs in its servers only."""
    elsewhere = MemoryReactor()
    program = Worker(
        "elsewhere.example:1",
        concurrency=3,
        client_id="me",
        namespace="shop:",
        encoder=JSON,
        exceptions=False,
        limits=LifeLimits(jobs=5),
        link_limits=LinkLimits(packet=1000),
        reactor=elsewhere,
    )

    @program.function("double", timeout=7)
    async def double(job: WorkerJob) -> int:
        return int(job.data) * 2

    with Stage() as stage:
        copy = stage.start(program)
        assert copy is not program
        client = stage.client(namespace="shop:", encoder=JSON)
        assert stage.result(client.submit("double", 21)) == 42
        (function,) = copy.functions.values()
        assert (function.name, function.timeout) == (b"shop:double", 7)
        options = copy.options
        assert (copy.concurrency, options["client_id"], options["limits"].jobs) == (3, b"me", 5)
        assert (options["link_limits"].packet, options["exceptions"]) == (1000, False)
    assert not program.is_stopping
    assert elsewhere.getDelayedCalls() == []


def test_no_result_says_what_is_due() -> None:
    """The error tells how long was waited and when something will happen, or that nothing will."""
    never: Deferred[None] = Deferred()
    with Stage() as stage:
        stage.reactor.callLater(90, lambda: None)
        with pytest.raises(NoResult, match=r"within 60 seconds; .* due 30 seconds from now"):
            stage.result(never, within=60)
        stage.advance(60)
        with pytest.raises(NoResult, match="it would wait forever"):
            stage.result(never)


def test_no_more_time_passes_than_a_result_needs() -> None:
    """``within`` is a limit, not a pause."""
    with Stage() as stage:
        later: Deferred[str] = Deferred()
        stage.reactor.callLater(5, later.callback, "five")
        before = stage.reactor.seconds()
        assert stage.result(later, within=100) == "five"
        assert stage.reactor.seconds() == before + 5


def test_the_end_of_a_stage_ends_everything() -> None:
    """What was waited for has failed, what ran is cancelled, and nothing is due any more."""
    cancelled: list[Deferred[None]] = []

    def hang(_job: WorkerJob) -> Deferred[None]:
        return Deferred(cancelled.append)

    with Stage(durable=True) as stage:
        worker = stage.worker()
        worker.register("hang", hang, place="reactor")
        stage.start(worker)
        client = stage.client()
        running, queued = client.submit("hang", b""), client.submit("nobody", b"")
        stage.advance(0)
        assert [job.state for job in stage.server.jobs()] == ["running", "queued"]
    for task in (running, queued):
        with pytest.raises(ConnectionLost):
            stage.result(task)
    assert len(cancelled) == 1
    assert stage.reactor.getDelayedCalls() == []


def test_a_frozen_stage_ends_too() -> None:
    """A server that does not close a connection delays no one else."""
    with Stage() as stage:
        performer(stage, reverse=reverse)
        task = stage.client().submit("nobody", b"")
        stage.result(task.accepted)
        stage.server.freeze()
    with pytest.raises(ConnectionLost):
        stage.result(task)
    assert stage.reactor.getDelayedCalls() == []


def test_the_text_protocol() -> None:
    """A line is answered, and the client for operators connects like everybody else."""
    with Stage("one.example:7003") as stage:
        stage.result(stage.client().submit("f", b"work", background=True, priority="high"))
        assert stage.server.ask("status") == "f\t1\t0\t0\n.\n"
        admin = AdminClient(stage.server.url, reactor=stage.reactor)
        (job,) = stage.result(admin.jobs())
        assert [job] == stage.server.jobs()
        assert (job.priority, job.size) == ("high", 4)
        assert job.handle == b"H:one.example:1"


def test_a_server_has_a_policy_and_limits() -> None:
    """What an operator sets by options may be set for a server in memory."""
    reactor = MemoryReactor()
    limits = ConnectionLimits(packet=100)
    server = MemoryServer(reactor, "[::1]", policy=Policy(handle_prefix=b"H:x"), limits=limits)
    assert (server.host, server.port, server.url) == ("::1", 4730, "[::1]:4730")


def test_addresses_that_are_none() -> None:
    """An endpoint string is no address in memory, and no two servers share one."""
    with pytest.raises(ConfigurationError, match="no host and port"):
        Stage("unix:/run/gearman.sock")
    with pytest.raises(CannotListenError):
        Stage("localhost", "localhost:4730")


def test_a_server_is_lost() -> None:
    """Waiting clients fail at once, later ones find no server, queued jobs are gone."""
    with Stage() as stage:
        client = stage.client(accept_timeout=10)
        task = client.submit("f", b"")
        stage.result(task.accepted)
        stage.server.lose()
        stage.server.lose()
        assert not stage.server.is_up
        assert stage.server.connections == []
        with pytest.raises(ConnectionLost, match="the connection was reset"):
            stage.result(task)
        with pytest.raises(NoServer, match="refused"):
            stage.result(client.submit("f", b""), within=10)
        stage.server.start()
        assert stage.server.jobs() == []
        with pytest.raises(RuntimeError, match="runs already"):
            stage.server.start()


def test_handles_do_not_repeat_after_a_restart() -> None:
    """As with the real server, an old handle never names another job."""
    for durable in (False, True):
        with Stage(durable=durable) as stage:
            client = stage.client()
            first = stage.result(client.submit("f", b"").accepted)
            stage.server.lose()
            stage.server.start()
            assert stage.result(client.submit("f", b"").accepted, within=1) != first


def test_a_durable_server_keeps_background_jobs_whatever_happens() -> None:
    """They are there after a kill and after a stop, and the worker gets them then."""
    with Stage(durable=True) as stage:
        client = stage.client()
        stage.result(client.submit("reverse", b"abc", background=True))
        stage.server.lose()
        stage.server.start()
        stage.server.restart()
        assert [job.function for job in stage.server.jobs()] == [b"reverse"]
        performer(stage, reverse=reverse)
        assert stage.server.jobs() == []


def test_a_server_that_stops_answers_what_was_submitted() -> None:
    """A background task that is on its way at the stop is accepted and kept."""
    with Stage(durable=True) as stage:
        client = stage.client()
        stage.result(client.connect())
        task = client.submit("f", b"", background=True)
        stage.reactor.advance(0)
        stage.server.stop()
        assert stage.result(task).startswith(b"H:")
        stage.server.start()
        assert len(stage.server.jobs()) == 1


def test_a_graceful_shutdown() -> None:
    """What runs is finished there, what is new goes to the other server, then the first is gone."""
    held: list[Deferred[bytes]] = []

    def hold(_job: WorkerJob) -> Deferred[bytes]:
        held.append(Deferred())
        return held[-1]

    with Stage("one.example", "two.example", durable=True) as stage:
        worker = stage.worker(concurrency=2)
        worker.register("hold", hold, place="reactor")
        worker.register("reverse", reverse)
        stage.start(worker)
        client = stage.client(choice="in order")
        stage.result(client.submit("nobody", b"", background=True))
        running = client.submit("hold", b"")
        stage.result(running.accepted)
        first, second = stage.servers
        first.shut_down()
        task = client.submit("reverse", b"abc")
        assert stage.result(task) == b"cba"
        assert stage.result(task.accepted).startswith(b"H:two.example:")
        assert [job.state for job in first.jobs()] == ["kept", "running"]
        held[0].callback(b"held")
        assert stage.result(running) == b"held"
        stage.advance(1)
        assert not first.is_up
        first.shut_down()
        first.start()
        assert [job.function for job in first.jobs()] == [b"nobody"]
        assert second.jobs() == []


def test_a_server_that_shuts_down_is_lost_all_the_same() -> None:
    """A kill in the midst of it, and a start after that, work as ever."""
    with Stage() as stage:
        task = stage.client().submit("nobody", b"")
        stage.result(task.accepted)
        stage.server.shut_down()
        stage.advance(100)
        assert stage.server.is_up
        stage.server.restart()
        stage.advance(100)
        assert stage.server.is_up
        with pytest.raises(ConnectionLost):
            stage.result(task)


def test_a_frozen_server_is_found_by_the_heartbeat() -> None:
    """Nothing is heard, so the client gives it up; thawed, it serves again."""
    with Stage() as stage:
        client = stage.client(heartbeat=5)
        task = client.submit("f", b"")
        stage.result(task.accepted)
        stage.server.freeze()
        with pytest.raises(NoResult):
            stage.result(task, within=9)
        with pytest.raises(ConnectionLost, match="nothing was heard for more than 10 seconds"):
            stage.result(task, within=10)
        later = client.submit("reverse", b"abc")
        with pytest.raises(NoResult):
            stage.result(later, within=2)
        stage.server.thaw()
        performer(stage, reverse=reverse)
        assert stage.result(later, within=60) == b"cba"


def test_a_server_is_killed_while_it_is_frozen() -> None:
    """The kernel of a killed process resets its connections, though it stood still before."""
    with Stage() as stage:
        task = stage.client(heartbeat=0).submit("f", b"")
        stage.result(task.accepted)
        stage.server.freeze()
        stage.server.lose()
        stage.server.thaw()
        with pytest.raises(ConnectionLost):
            stage.result(task)


def test_conditions_hold_for_old_and_new_connections() -> None:
    """A connection that is there becomes slow as well, and what arrives in pieces is the same."""
    with Stage() as stage:
        performer(stage, reverse=reverse)
        client = stage.client()
        assert stage.result(client.submit("reverse", b"abc")) == b"cba"
        stage.server.latency, stage.server.piece = 1.0, 3
        assert (stage.server.latency, stage.server.piece) == (1.0, 3)
        before = stage.reactor.seconds()
        assert stage.result(client.submit("reverse", b"abc"), within=60) == b"cba"
        assert stage.reactor.seconds() - before >= 4
        stage.server.restart()
        assert stage.result(client.submit("reverse", b"abcdef"), within=60) == b"fedcba"


def test_many_tasks() -> None:
    """A thousand tasks with time limits, submitted at once, are done, and no timer is left."""
    with Stage() as stage:
        performer(stage, reverse=reverse)
        client = stage.client()

        async def submit() -> list[bytes]:
            batch = client.submit_many("reverse", [b"ab"] * 1000, window=1000, timeout=60)
            return list(await batch)

        assert stage.result(submit()) == [b"ba"] * 1000
    assert stage.reactor.getDelayedCalls() == []


def test_a_large_workload_meets_back_pressure() -> None:
    """More than fits under way gets through, to the worker and back."""
    workload = bytes(range(256)) * 4096
    with Stage() as stage:
        performer(stage, reverse=reverse)
        assert stage.result(stage.client().submit("reverse", workload)) == workload[::-1]


def test_a_call_made_by_a_dead_server_is_never_made() -> None:
    """What a process was about to do does not happen after its end."""
    with Stage() as stage:
        life = stage.server.factory.turn.clock
        made: list[int] = []
        life.callLater(1, made.append, 1)
        assert len(life.getDelayedCalls()) == 1
        stage.server.lose()
        life.callLater(1, made.append, 2)
        stage.advance(5)
        assert made == []
