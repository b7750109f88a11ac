"""Several clients, servers and workers, and everything that may happen to them, in any order."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from gearman_tx import Client, Worker, WorkerJob
from gearman_tx.link import LinkLimits
from gearman_tx.testing import Stage
from tests.link.logs import LogBook, watched_log
from tests.parties.record import COMPLETE, FAIL, RAISE, OnPurpose, Record, note
from tests.parties.weather import Weather

SERVERS: Final = ("one.example", "two.example")
FUNCTIONS: Final = (b"f", b"g")
UNIQUES: Final = (b"", b"", b"u", b"v")
HEARTBEAT: Final = 5.0
MOST_WORKERS: Final = 4
RECOVERY: Final = 200.0
"""Seconds after which everything must have ended when the weather is good again."""


WISHES: Final = st.fixed_dictionaries(
    {
        "function": st.sampled_from(FUNCTIONS),
        "unique": st.sampled_from(UNIQUES),
        "priority": st.sampled_from(["high", "normal", "low"]),
        "background": st.booleans(),
        "retries": st.sampled_from([0, 0, 2]),
        "timeout": st.sampled_from([None, None, 15.0]),
        "try_timeout": st.sampled_from([None, None, 8.0]),
        "is_jealous": st.booleans(),
    }
)


class Parties(RuleBasedStateMachine):
    """The machine; durable servers, so that an accepted background job may never be lost."""

    def __init__(self) -> None:
        super().__init__()
        self.watch = watched_log()
        self.log: LogBook = self.watch.__enter__()
        self.stage = Stage(*SERVERS, durable=True)
        self.weather = Weather(self.stage)
        self.record = Record()
        self.clients: list[Client[Any]] = []
        self.workers: list[Worker] = []
        self.promises: list[list[Any]] = []  # what other Deferreds fired with
        self.is_calm = False

    def promise(self, waiting: Any) -> None:
        """Keep an eye on a Deferred that was handed out."""
        ends: list[Any] = []
        note(waiting, ends)
        self.promises.append(ends)

    # -------------------------------------------------------------------------- who takes part

    @initialize(
        choices=st.lists(
            st.sampled_from(["hash", "in order", "round robin"]), min_size=1, max_size=2
        ),
        window=st.sampled_from([1, 2, 100]),
        wishes=st.lists(WISHES, max_size=5),
    )
    def begin(self, choices: list[str], window: int, wishes: list[dict[str, Any]]) -> None:
        """Make the clients, a first worker, and work for it."""
        for choice in choices:
            client = self.stage.client(
                choice=choice, unanswered=window, heartbeat=HEARTBEAT, accept_timeout=20
            )
            self.promise(client.connect())
            self.clients.append(client)
        self.start_worker(1, list(FUNCTIONS))
        self.weather.clear()
        for wish in wishes:
            self.record.submit(self.clients[0], **wish)
        self.weather.clear()

    def start_worker(self, concurrency: int, functions: list[bytes], timeout: float = 0.0) -> None:
        """Start one more worker, whose jobs may have a time limit."""
        limits = LinkLimits(heartbeat=HEARTBEAT)
        worker = self.stage.worker(concurrency=concurrency, link_limits=limits)
        for function in functions:
            self.register(worker, function, timeout)
        self.promise(worker.when_ended())
        self.promise(worker.when_connected())
        self.stage.start(worker)
        self.workers.append(worker)

    def register(self, worker: Worker, function: bytes, timeout: float) -> None:
        """Let a worker offer a function."""
        if timeout:
            self.record.is_fair = False  # a job that takes long runs again
        call = partial(self.perform, worker)
        worker.register(function, call, place="reactor", timeout=timeout)

    def perform(self, worker: Worker, job: WorkerJob) -> Any:
        """Be a function of ``worker``: the machine ends it, or in good weather it ends at once."""
        run = self.record.begin(worker, job)
        if self.is_calm:
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
        """Start a worker, change what one offers, or end one; or close one of two clients."""
        if who == "new worker" and len(self.workers) < MOST_WORKERS:
            self.start_worker(2, [b"g", b"f"], timeout)
        elif who == "offer":
            self.register(data.draw(st.sampled_from(self.workers)), b"f", timeout)
        elif who == "take back":
            worker = data.draw(st.sampled_from(self.workers))
            if b"f" in worker.functions:
                worker.unregister(b"f")
        elif who == "drain":
            self.promise(data.draw(st.sampled_from(self.workers)).stop())
        elif who == "give back":
            self.record.is_fair = False
            self.promise(data.draw(st.sampled_from(self.workers)).give_back())
        elif who == "close client" and len(self.clients) > 1:
            self.record.has_closed = True
            self.promise(self.clients.pop().close(data.draw(st.sampled_from([0, 3]))))

    # -------------------------------------------------------------------------- what they want

    @rule(data=st.data(), wishes=st.lists(WISHES, min_size=1, max_size=5), arrives=st.booleans())
    def submit(self, data: st.DataObject, wishes: list[dict[str, Any]], arrives: bool) -> None:
        """Submit some tasks."""
        for wish in wishes:
            self.record.submit(data.draw(st.sampled_from(self.clients)), **wish)
        if arrives:
            self.weather.clear()

    @precondition(lambda self: self.record.submitted)
    @rule(data=st.data(), what=st.sampled_from(["cancel", "status", "task status"]))
    def meddle(self, data: st.DataObject, what: str) -> None:
        """Give a task up, or ask about it."""
        one = data.draw(st.sampled_from(list(self.record.submitted.values())))
        if what == "cancel":
            one.is_cancelled = True
            one.task.cancel()
        elif what == "task status":
            self.promise(one.task.status())
        else:
            client = data.draw(st.sampled_from(self.clients))
            self.promise(client.status(one.task.handle or b"H:nobody:1"))

    @precondition(lambda self: any(not run.is_over for run in self.record.runs))
    @rule(
        data=st.data(),
        said=st.sampled_from(["", "", "data", "warning", "status"]),
        how=st.sampled_from([COMPLETE, COMPLETE, FAIL, RAISE, ""]),
        arrives=st.booleans(),
    )
    def work(self, data: st.DataObject, said: str, how: str, arrives: bool) -> None:
        """Let a function say something, and end."""
        run = data.draw(st.sampled_from([run for run in self.record.runs if not run.is_over]))
        if said == "data":
            self.promise(run.job.send_data(b"some"))
        elif said == "warning":
            self.promise(run.job.send_warning(b"careful"))
        elif said == "status":
            self.promise(run.job.send_status(1, 2))
        if how:
            run.end(how)
        if arrives:
            self.weather.clear()

    # ------------------------------------------------------------------------------ the weather

    @precondition(lambda self: self.weather.pipes())
    @rule(data=st.data(), size=st.sampled_from([1, 5, 13, 40, 1 << 20]))
    def arrive(self, data: st.DataObject, size: int) -> None:
        """Let a part of what is on its way arrive, in any direction of any connection."""
        data.draw(st.sampled_from(self.weather.pipes())).let_through(size)

    @rule()
    def turn(self) -> None:
        """Let everything happen that is due, and nothing arrive."""
        self.stage.advance(0)

    @rule()
    def clear(self) -> None:
        """Let everything arrive, and what follows from it."""
        self.weather.clear()

    @rule(seconds=st.sampled_from([0.5, 3.0, 12.0]), is_still=st.booleans())
    def wait(self, seconds: float, is_still: bool) -> None:
        """Let time pass; in a still air nothing arrives meanwhile, which hearts do not bear."""
        if is_still:
            self.record.is_fair = False
            self.weather.pass_time(seconds, lambda: None)
        else:
            self.weather.pass_time(seconds, self.weather.clear)

    @rule(
        data=st.data(),
        what=st.sampled_from(
            ["cut", "half open", "near", "far", "keep-alive", "kill", "stop", "shut down"]
        ),
    )
    def misfortune(self, data: st.DataObject, what: str) -> None:
        """Lose a connection: for both ends, for one, or for neither of them yet; or a server.

        A server that is down is started again; and with "keep-alive" the servers find out which
        connections are half open.
        """
        self.record.is_fair = False
        if what == "keep-alive":
            self.weather.keep_alive()
        elif what in {"kill", "stop", "shut down"}:
            server = data.draw(st.sampled_from(self.stage.servers))
            if not server.is_up:
                self.weather.begin(server)
            elif what == "kill":
                server.lose()
            elif what == "stop":
                server.stop()
            else:
                server.shut_down()
        elif self.weather.connections:
            connection = data.draw(st.sampled_from(self.weather.connections))
            if what == "cut":
                self.weather.cut(connection)
            elif what == "half open":
                self.weather.half_open.add(connection)
            else:
                self.weather.lose_end(connection.near if what == "near" else connection.far)

    # ------------------------------------------------------------------------------- the books

    @invariant()
    def the_books_are_right(self) -> None:
        """Nobody ends twice or wrongly, nothing runs unasked, no Deferred fires twice."""
        self.record.check()
        assert all(len(ends) <= 1 for ends in self.promises)

    def teardown(self) -> None:
        """The weather clears: everything ends, everybody goes, and nothing is left behind."""
        try:
            if self.clients:
                self.recover()
                self.fill_slots()
                self.go_home()
        finally:
            failures = self.log.failures()
            self.watch.__exit__(None, None, None)
        unexpected = [text for text in failures if not text.endswith(OnPurpose.__name__)]
        assert not unexpected, unexpected

    def recover(self) -> None:
        """Let servers and workers run, and functions end; then every task ends."""
        self.is_calm = True
        self.weather.keep_alive()
        for server in self.stage.servers:
            if server.job_server.tables.draining:
                server.lose()
            if not server.is_up:
                self.weather.begin(server)
        self.start_worker(2, list(FUNCTIONS))
        for run in self.record.runs:
            if not run.is_over:
                run.end(COMPLETE)
        self.weather.pass_time(RECOVERY, self.weather.clear, step=1.0)
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
            assert server.jobs() == [], "a server keeps jobs that nobody waits for"

    def fill_slots(self) -> None:
        """Submit as many tasks as there are slots: all of them run at once."""
        self.is_calm = False
        working = [worker for worker in self.workers if not worker.is_stopping]
        for worker in working:
            self.register(worker, b"f", 0.0)
        slots = sum(worker.concurrency for worker in working)
        for _ in range(slots):
            self.record.submit(self.clients[0], function=b"f")
        self.weather.pass_time(2, self.weather.clear)
        running = [run for run in self.record.runs if not run.is_over]
        assert len(running) == slots, "a slot is lost"
        for run in running:
            run.end(COMPLETE)
        self.weather.clear()
        self.record.check()

    def go_home(self) -> None:
        """Close everything: each Deferred has fired, and nothing is due."""
        for client in self.clients:
            self.promise(client.close(1))
        for worker in self.workers:
            self.promise(worker.stop())
        self.weather.pass_time(5, self.weather.clear)
        assert all(len(ends) == 1 for ends in self.promises), "a Deferred never fired"
        self.stage.close()
        assert self.stage.reactor.getDelayedCalls() == []
