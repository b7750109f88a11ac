"""A client between servers that come, go, answer, refuse and forget, in any order of events.

Invariants: every task ends exactly once, with the result of its own job or with a lawful error;
when the client is closed nothing is left, neither a task nor a timer.
"""

from __future__ import annotations

from typing import Any

from attrs import define, field
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from twisted.internet.defer import CancelledError

from gearman_tx.client import Client, Task
from gearman_tx.errors import ConnectionLost, JobFailed, Refused, TimedOut
from gearman_tx.wire import PacketType
from tests.client.client_case import ClientCase
from tests.client.fake_server import Peer
from tests.support.effort import long_run

LAWFUL = (ConnectionLost, JobFailed, Refused, TimedOut, CancelledError)
SERVERS = 2


@define(eq=False)
class Node:
    """One fake server: its connection, what it has not answered and the jobs it runs."""

    peer: Peer
    unanswered: list[tuple[bytes, bool]] = field(factory=list)
    jobs: dict[bytes, bytes] = field(factory=dict)

    def listen(self) -> None:
        """Read what the client sent."""
        for packet_type, arguments in self.peer.read():
            if packet_type in {PacketType.SUBMIT_JOB, PacketType.SUBMIT_JOB_BG}:
                self.unanswered.append((arguments[-1], packet_type == PacketType.SUBMIT_JOB_BG))


class ClientMachine(RuleBasedStateMachine):
    """A client, two servers, and a clock."""

    def __init__(self) -> None:
        super().__init__()
        self.case = ClientCase()  # type: ignore[no-untyped-call]  # Twisted has no types for it
        self.case.setUp()
        self.nodes: dict[int, Node] = {}
        self.tasks: list[Task[bytes]] = []
        self.ends: list[list[Any]] = []
        self.handles = 0
        self.client: Client[bytes]

    @initialize(
        choice=st.sampled_from(["hash", "in order", "round robin"]), window=st.integers(1, 3)
    )
    def begin(self, choice: str, window: int) -> None:
        """Make the client."""
        self.client = self.case.make_client(
            servers=SERVERS, choice=choice, unanswered=window, accept_timeout=20
        )

    @rule(
        background=st.booleans(),
        retries=st.integers(0, 2),
        timeout=st.sampled_from([None, 5.0]),
        try_timeout=st.sampled_from([None, 3.0]),
    )
    def submit(
        self,
        background: bool,
        retries: int,
        timeout: float | None,
        try_timeout: float | None,
    ) -> None:
        """Submit a task and record how it ends."""
        task = self.client.submit(
            "f",
            b"%d" % len(self.tasks),
            background=background,
            retries=retries,
            timeout=timeout,
            try_timeout=try_timeout,
        )
        ends: list[Any] = []
        self.ends.append(ends)
        task.result.addCallbacks(ends.append, lambda failure: ends.append(failure.value))
        self.tasks.append(task)

    @precondition(lambda self: self.tasks)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        """Cancel any task."""
        data.draw(st.sampled_from(self.tasks)).cancel()

    @rule(place=st.integers(0, SERVERS - 1), is_good=st.booleans())
    def connect(self, place: int, is_good: bool) -> None:
        """Let a waiting attempt to connect succeed or fail."""
        fake = self.case.fakes[place]
        if fake.is_tried and is_good:
            self.nodes[place] = Node(fake.accept())
        elif fake.is_tried:
            fake.refuse()

    @precondition(lambda self: self.nodes)
    @rule(data=st.data(), is_garbage=st.booleans())
    def lose(self, data: st.DataObject, is_garbage: bool) -> None:
        """End a connection: the server closes it, or sends invalid bytes."""
        node = self.nodes.pop(data.draw(st.sampled_from(sorted(self.nodes))))
        if is_garbage:
            node.peer.send_bytes(b"\0WHAT")
        else:
            node.peer.lose()

    @precondition(lambda self: self.nodes)
    @rule(data=st.data(), is_good=st.booleans())
    def answer(self, data: st.DataObject, is_good: bool) -> None:
        """Accept or refuse the oldest submission of a server."""
        node = self.nodes[data.draw(st.sampled_from(sorted(self.nodes)))]
        node.listen()
        if not node.unanswered:
            return
        workload, is_background = node.unanswered.pop(0)
        if not is_good:
            node.peer.send(PacketType.ERROR, b"QUEUE_ERROR", b"full")
            return
        self.handles += 1
        handle = b"H:%d" % self.handles
        if not is_background:
            node.jobs[handle] = workload
        node.peer.create(handle)

    @precondition(lambda self: any(node.jobs for node in self.nodes.values()))
    @rule(data=st.data(), how=st.sampled_from(["complete", "fail", "exception", "data"]))
    def finish(self, data: st.DataObject, how: str) -> None:
        """End a running job, or send an update."""
        running = [(place, job) for place in sorted(self.nodes) for job in self.nodes[place].jobs]
        place, handle = data.draw(st.sampled_from(running))
        node = self.nodes[place]
        if how == "data":
            node.peer.send(PacketType.WORK_DATA, handle, b"x")
            return
        workload = node.jobs.pop(handle)
        if how == "complete":
            node.peer.send(PacketType.WORK_COMPLETE, handle, b"result of " + workload)
        elif how == "fail":
            node.peer.send(PacketType.WORK_FAIL, handle)
        else:
            node.peer.send(PacketType.WORK_EXCEPTION, handle, b"boom")

    @rule(seconds=st.sampled_from([0.3, 2.0, 7.0, 25.0]))
    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.case.advance(seconds)

    @invariant()
    def each_task_ends_once_and_correctly(self) -> None:
        """A task has at most one end: its own result, a handle, or an allowed error."""
        for number, ends in enumerate(self.ends):
            assert len(ends) == self.tasks[number].is_done
            for end in ends:
                if self.tasks[number].is_background and isinstance(end, bytes):
                    assert end.startswith(b"H:")
                else:
                    assert end == b"result of %d" % number or isinstance(end, LAWFUL)

    def teardown(self) -> None:
        """Close the client: everything has ended once, and no timer is left."""
        if not hasattr(self, "client"):
            return
        closed = self.client.close(wait=0)
        self.case.advance(3)
        self.case.successResultOf(closed)
        assert all(len(ends) == 1 for ends in self.ends)
        assert self.case.clock.getDelayedCalls() == []


ClientMachine.TestCase.settings = long_run(60, 60)
ClientTests = ClientMachine.TestCase
