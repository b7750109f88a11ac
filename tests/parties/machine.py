"""A state machine of clients, servers, workers and network faults, in any order of events."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from gearman_tx import Client, Worker, WorkerJob
from gearman_tx.link import LinkLimits
from gearman_tx.testing import Stage
from tests.link.logs import LogBook, watched_log
from tests.parties.network_faults import NetworkFaults
from tests.parties.record import COMPLETE, FAIL, RAISE, OnPurpose, Record, note

SERVERS: Final = ("one.example", "two.example")
FUNCTIONS: Final = (b"f", b"g")
UNIQUES: Final = (b"", b"", b"u", b"v")
HEARTBEAT: Final = 5.0
MOST_WORKERS: Final = 4
RECOVERY: Final = 200.0
"""Seconds after which everything must have ended once the network works again."""


TASK_OPTIONS: Final = st.fixed_dictionaries(
    {
        "function": st.sampled_from(FUNCTIONS),
        "unique": st.sampled_from(UNIQUES),
        "priority": st.sampled_from(["high", "normal", "low"]),
        "background": st.booleans(),
        "retries": st.sampled_from([0, 0, 2]),
        "timeout": st.sampled_from([None, None, 15.0]),
        "try_timeout": st.sampled_from([None, None, 8.0]),
        "cancels_rivals": st.booleans(),
    }
)


class Parties(RuleBasedStateMachine):
    """The machine. Its servers are durable, so an accepted background job may never be lost."""

    def __init__(self) -> None:
        super().__init__()
        self.watch = watched_log()
        self.log: LogBook = self.watch.__enter__()
        self.stage = Stage(*SERVERS, durable=True)
        self.network = NetworkFaults(self.stage)
        self.record = Record()
        self.clients: list[Client[Any]] = []
        self.workers: list[Worker] = []
        self.other_ends: list[list[Any]] = []  # the values and errors of all other Deferreds
        self.ends_at_once = False

    def follow(self, waiting: Any) -> None:
        """Record how a returned Deferred fires."""
        ends: list[Any] = []
        note(waiting, ends)
        self.other_ends.append(ends)

    # --------------------------------------------------------------------- clients and workers

    @initialize(
        choices=st.lists(
            st.sampled_from(["hash", "in order", "round robin"]), min_size=1, max_size=2
        ),
        window=st.sampled_from([1, 2, 100]),
        tasks=st.lists(TASK_OPTIONS, max_size=5),
    )
    def begin(self, choices: list[str], window: int, tasks: list[dict[str, Any]]) -> None:
        """Make the clients and a first worker, and submit tasks."""
        for choice in choices:
            client = self.stage.client(
                choice=choice, unanswered=window, heartbeat=HEARTBEAT, accept_timeout=20
            )
            self.follow(client.connect())
            self.clients.append(client)
        self.start_worker(1, list(FUNCTIONS))
        self.network.clear()
        for options in tasks:
            self.record.submit(self.clients[0], **options)
        self.network.clear()

    def start_worker(self, concurrency: int, functions: list[bytes], timeout: float = 0.0) -> None:
        """Start one more worker, whose functions may have a timeout."""
        limits = LinkLimits(heartbeat=HEARTBEAT)
        worker = self.stage.worker(concurrency=concurrency, link_limits=limits)
        for function in functions:
            self.register(worker, function, timeout)
        self.follow(worker.when_ended())
        self.follow(worker.when_connected())
        self.stage.start(worker)
        self.workers.append(worker)

    def register(self, worker: Worker, function: bytes, timeout: float) -> None:
        """Let a worker offer a function."""
        if timeout:
            self.record.is_fair = False  # a job that takes long runs again
        call = partial(self.perform, worker)
        worker.register(function, call, place="reactor", timeout=timeout)

    def perform(self, worker: Worker, job: WorkerJob) -> Any:
        """The function of ``worker``; a rule ends it, or it ends at once during recovery."""
        run = self.record.begin(worker, job)
        if self.ends_at_once:
            run.end(COMPLETE)
        return run.done

    @rule(
        data=st.data(),
        who=st.sampled_from(
            ["new worker", "offer", "take back", "drain", "give back", "close client"]
        ),
        timeout=st.sampled_from([0.0, 0.0, 4.0]),
    )
    def come_and_go(self, data: st.DataObject, who: str, timeout: float) -> None:
        """Start a worker, register or withdraw its functions, or stop it; or close a client."""
        if who == "new worker" and len(self.workers) < MOST_WORKERS:
            self.start_worker(2, [b"g", b"f"], timeout)
        elif who == "offer":
            self.register(data.draw(st.sampled_from(self.workers)), b"f", timeout)
        elif who == "take back":
            worker = data.draw(st.sampled_from(self.workers))
            if b"f" in worker.functions:
                worker.unregister(b"f")
        elif who == "drain":
            self.follow(data.draw(st.sampled_from(self.workers)).stop())
        elif who == "give back":
            self.record.is_fair = False
            self.follow(data.draw(st.sampled_from(self.workers)).give_back())
        elif who == "close client" and len(self.clients) > 1:
            self.record.has_closed = True
            self.follow(self.clients.pop().close(data.draw(st.sampled_from([0, 3]))))

    # ---------------------------------------------------------------------------- tasks and jobs

    @rule(
        data=st.data(), tasks=st.lists(TASK_OPTIONS, min_size=1, max_size=5), arrives=st.booleans()
    )
    def submit(self, data: st.DataObject, tasks: list[dict[str, Any]], arrives: bool) -> None:
        """Submit some tasks."""
        for options in tasks:
            self.record.submit(data.draw(st.sampled_from(self.clients)), **options)
        if arrives:
            self.network.clear()

    @precondition(lambda self: self.record.submitted)
    @rule(data=st.data(), what=st.sampled_from(["cancel", "status", "task status"]))
    def cancel_or_ask(self, data: st.DataObject, what: str) -> None:
        """Cancel a task, or ask for its status."""
        one = data.draw(st.sampled_from(list(self.record.submitted.values())))
        if what == "cancel":
            one.is_cancelled = True
            one.task.cancel()
        elif what == "task status":
            self.follow(one.task.status())
        else:
            client = data.draw(st.sampled_from(self.clients))
            self.follow(client.status(one.task.handle or b"H:unknown:1"))

    @precondition(lambda self: any(not run.is_over for run in self.record.runs))
    @rule(
        data=st.data(),
        update=st.sampled_from(["", "", "data", "warning", "status"]),
        how=st.sampled_from([COMPLETE, COMPLETE, FAIL, RAISE, ""]),
        arrives=st.booleans(),
    )
    def work(self, data: st.DataObject, update: str, how: str, arrives: bool) -> None:
        """Let a function send an update, and end."""
        run = data.draw(st.sampled_from([run for run in self.record.runs if not run.is_over]))
        if update == "data":
            self.follow(run.job.send_data(b"some"))
        elif update == "warning":
            self.follow(run.job.send_warning(b"careful"))
        elif update == "status":
            self.follow(run.job.send_status(1, 2))
        if how:
            run.end(how)
        if arrives:
            self.network.clear()

    # ------------------------------------------------------------------------------ the network

    @precondition(lambda self: self.network.pipes())
    @rule(data=st.data(), size=st.sampled_from([1, 5, 13, 40, 1 << 20]))
    def arrive(self, data: st.DataObject, size: int) -> None:
        """Let some bytes arrive, in any direction of any connection."""
        data.draw(st.sampled_from(self.network.pipes())).let_through(size)

    @rule()
    def turn(self) -> None:
        """Let timers fire, and no bytes arrive."""
        self.stage.advance(0)

    @rule()
    def clear(self) -> None:
        """Let all bytes arrive, also those sent in answer."""
        self.network.clear()

    @rule(seconds=st.sampled_from([0.5, 3.0, 12.0]), is_frozen=st.booleans())
    def wait(self, seconds: float, is_frozen: bool) -> None:
        """Let time pass; while the network is frozen no bytes arrive, and heartbeats fail."""
        if is_frozen:
            self.record.is_fair = False
            self.network.pass_time(seconds, lambda: None)
        else:
            self.network.pass_time(seconds, self.network.clear)

    @rule(
        data=st.data(),
        what=st.sampled_from(
            ["cut", "half open", "near", "far", "keep-alive", "kill", "stop", "shut down"]
        ),
    )
    def fail(self, data: st.DataObject, what: str) -> None:
        """Lose a server, or a connection: for both ends, for one, or for neither yet.

        A server that is down is started again. With "keep-alive" the servers find out which
        connections are half open.
        """
        self.record.is_fair = False
        if what == "keep-alive":
            self.network.keep_alive()
        elif what in {"kill", "stop", "shut down"}:
            server = data.draw(st.sampled_from(self.stage.servers))
            if not server.is_up:
                self.network.begin(server)
            elif what == "kill":
                server.lose()
            elif what == "stop":
                server.stop()
            else:
                server.shut_down()
        elif self.network.connections:
            connection = data.draw(st.sampled_from(self.network.connections))
            if what == "cut":
                self.network.cut(connection)
            elif what == "half open":
                self.network.half_open.add(connection)
            else:
                self.network.lose_end(connection.near if what == "near" else connection.far)

    # --------------------------------------------------------------------------------- checks

    @invariant()
    def the_record_is_valid(self) -> None:
        """Each task ends once and correctly, each job was submitted, no Deferred fires twice."""
        self.record.check()
        assert all(len(ends) <= 1 for ends in self.other_ends)

    def teardown(self) -> None:
        """The network works again: everything ends and is closed, and nothing is left over."""
        try:
            if self.clients:
                self.recover()
                self.fill_slots()
                self.close_all()
        finally:
            failures = self.log.failures()
            self.watch.__exit__(None, None, None)
        unexpected = [text for text in failures if not text.endswith(OnPurpose.__name__)]
        assert not unexpected, unexpected

    def recover(self) -> None:
        """Let servers and workers run, and functions end; then every task ends."""
        self.ends_at_once = True
        self.network.keep_alive()
        for server in self.stage.servers:
            if server.job_server.tables.draining:
                server.lose()
            if not server.is_up:
                self.network.begin(server)
        self.start_worker(2, list(FUNCTIONS))
        for run in self.record.runs:
            if not run.is_over:
                run.end(COMPLETE)
        self.network.pass_time(RECOVERY, self.network.clear, step=1.0)
        self.record.check()
        for one in self.record.submitted.values():
            assert one.task.is_done, f"{one} never ended"
            assert len(one.accepts) == 1, f"{one} was neither accepted nor refused"
            again: list[Any] = []
            note(one.task.result, again)
            assert again == one.ends, f"{one} ended, and its end is another one now"
            if one.task.is_background and isinstance(one.ends[0], bytes):
                ended = [run.outcome for run in self.record.runs_of(one) if run.outcome]
                assert ended, f"{one} was accepted and lost"
        for server in self.stage.servers:
            assert server.jobs() == [], "a server keeps jobs that no client waits for"

    def fill_slots(self) -> None:
        """Submit as many tasks as there are slots: all of them run at once."""
        self.ends_at_once = False
        working = [worker for worker in self.workers if not worker.is_stopping]
        for worker in working:
            self.register(worker, b"f", 0.0)
        slots = sum(worker.concurrency for worker in working)
        for _ in range(slots):
            self.record.submit(self.clients[0], function=b"f")
        self.network.pass_time(2, self.network.clear)
        running = [run for run in self.record.runs if not run.is_over]
        assert len(running) == slots, "a slot is lost"
        for run in running:
            run.end(COMPLETE)
        self.network.clear()
        self.record.check()

    def close_all(self) -> None:
        """Close everything: each Deferred has fired, and no timer is left."""
        for client in self.clients:
            self.follow(client.close(1))
        for worker in self.workers:
            self.follow(worker.stop())
        self.network.pass_time(5, self.network.clear)
        assert all(len(ends) == 1 for ends in self.other_ends), "a Deferred never fired"
        self.stage.close()
        assert self.stage.reactor.getDelayedCalls() == []
