"""What the job server knows: functions, jobs, peers, and the indexes between them.

Every live job is in ``jobs``, which finds it by its handle. A job with a unique is also in an index
that decides what coalesces and answers GET_STATUS_UNIQUE over all functions; one whose unique is
``-`` is in another of the same kind, by its workload. A function with queued jobs of a priority is
in that priority's ``ready``, so looking for work never walks over empty functions. All operations
are O(1), save making room for a function when the table is full; nor is there any that is long now
and then because a table with all jobs grows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gearman_tx.core.function import Function
from gearman_tx.core.job_index import JobIndex
from gearman_tx.core.timer_heap import TimerHeap
from gearman_tx.core.unique_index import UniqueIndex
from gearman_tx.errors import Refused

if TYPE_CHECKING:
    from gearman_tx.core.job import Job
    from gearman_tx.core.peer import Peer
    from gearman_tx.core.policy import Policy
    from gearman_tx.large_body import Body

BY_WORKLOAD: Final = b"-"
"""The unique that coalesces submissions of the same workload."""

_LAST_DIGITS: Final = [b"%03d" % number for number in range(1000)]

_ROOM_SECONDS: Final = 1.0  # a full table of functions looks for unused ones this often at most


class Tables:
    """The state that the verbs share.

    Attributes:
        policy: the operator's decisions.
        next_id: the id of the next job.
        now: the time, in Unix seconds; told by the front, at least once a reactor turn.
        draining: whether submissions are refused because the server is about to stop.
        keeping: whether stored jobs that nobody waits for are left to the next start as well.
        functions: every known function by its name, oldest first.
        jobs: every live job, oldest first.
        peers: every connected peer, oldest first.
        ready: for high, normal and low, the functions that have queued jobs.
        delayed: the jobs that wait for their time.
        timeouts: the running jobs that may not run for ever.
    """

    __slots__ = (
        "_beginning",
        "_by_unique",
        "_by_workload",
        "_next_room",
        "_prefix",
        "_thousands",
        "delayed",
        "draining",
        "functions",
        "jobs",
        "keeping",
        "next_id",
        "now",
        "peers",
        "policy",
        "ready",
        "timeouts",
    )

    def __init__(self, policy: Policy, next_id: int, now: float) -> None:
        self.policy = policy
        self.next_id = next_id
        self.now = now
        self.draining = False
        self.keeping = False
        self.functions: dict[bytes, Function] = {}
        self.jobs = JobIndex()
        self.peers: dict[Peer, None] = {}
        self.ready: list[dict[Function, None]] = [{}, {}, {}]
        self.delayed = TimerHeap()
        self.timeouts = TimerHeap()
        self._by_unique = UniqueIndex()
        self._by_workload = UniqueIndex()  # of the jobs whose unique is BY_WORKLOAD
        self._next_room = 0.0
        self._prefix = policy.handle_prefix + b":"
        self._thousands = 0  # of the last handle, and what handles with as many begin with
        self._beginning = b""

    def new_handle(self) -> tuple[int, bytes]:
        """Return the id and the handle of the next job; neither is ever given again."""
        number = self.next_id
        self.next_id = number + 1
        thousands = number // 1000
        if thousands == 0:
            return number, self._prefix + b"%d" % number
        if thousands != self._thousands:
            self._thousands = thousands
            self._beginning = self._prefix + b"%d" % thousands
        return number, self._beginning + _LAST_DIGITS[number % 1000]

    def function(self, name: bytes) -> Function:
        """Return the function called ``name``, made if it is not known yet.

        Raises:
            Refused: the name is too long, or too many functions are in use.
        """
        function = self.functions.get(name)
        if function is None:
            function = self.limited_function(name)
        function.is_listed = True
        return function

    def limited_function(self, name: bytes) -> Function:
        """Return the function called ``name``, made if need be but not listed by reports yet.

        Raises:
            Refused: the name is too long, or too many functions are in use.
        """
        if name not in self.functions:
            limit = self.policy.max_function_name
            if len(name) > limit:
                text = b"Function name has %d bytes, the limit is %d" % (len(name), limit)
                raise Refused(b"ARGUMENT_TOO_LARGE", text)
            self._make_room()
        return self.restored_function(name)

    def restored_function(self, name: bytes) -> Function:
        """Return the function called ``name``, made if need be without a look at the limits.

        What was accepted once is not refused when it comes back from a store.
        """
        function = self.functions.get(name)
        if function is None:
            function = self.functions[name] = Function(name, self.policy.max_queue)
        return function

    def _make_room(self) -> None:
        """Forget functions that nothing and nobody uses when the table is full."""
        limit = self.policy.max_functions
        if len(self.functions) < limit:
            return
        if self.now >= self._next_room:
            self._next_room = self.now + _ROOM_SECONDS
            self.functions = {n: f for n, f in self.functions.items() if not f.is_unused}
        if len(self.functions) >= limit:
            raise Refused(b"QUEUE_ERROR", b"Too many functions, the limit is %d" % limit)

    def find(self, function: Function, unique: bytes, workload: Body) -> Job | None:
        """Return the live job that a submission joins, or None."""
        if unique == BY_WORKLOAD:
            return self._by_workload.find(function, bytes(workload))
        return self._by_unique.find(function, unique)

    def newest(self, unique: bytes) -> Job | None:
        """Return the newest live job with ``unique`` over all functions, or None."""
        return self._by_unique.newest(unique)

    def add(self, job: Job) -> None:
        """Make a new job known by its handle and its unique."""
        self.jobs.add(job)
        if job.unique:
            self._add_unique(job)

    def restore(self, job: Job) -> None:
        """Make a stored job known likewise; it may have any handle."""
        self.jobs.restore(job)
        if job.unique:
            self._add_unique(job)

    def _add_unique(self, job: Job) -> None:
        if job.unique != BY_WORKLOAD:
            self._by_unique.add(job.unique, job)
        elif job.workload:  # empty ones are not compared
            self._by_workload.add(bytes(job.workload), job)

    def remove(self, job: Job) -> None:
        """Forget ``job``'s handle and unique."""
        self.jobs.remove(job)
        unique = job.unique
        if unique == BY_WORKLOAD:
            self._by_workload.remove(bytes(job.workload), job)
        elif unique:
            self._by_unique.remove(unique, job)
