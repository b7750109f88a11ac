"""The state of the job server: functions, jobs, peers, and the indexes between them.

Every live job is in ``jobs``, which finds it by its handle. A job with a unique is also in an index
that decides what coalesces and answers GET_STATUS_UNIQUE over all functions; a job whose unique is
``-`` is in a second index of that kind, by its workload. All operations are O(1), except making
room for a function when the table is full. No table of all jobs grows in one slow step.

The store gives ids in blocks. Each id is used once; when a block is used up, the next block that
the store reserved follows.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from mypy_extensions import i64

from gearman_tx.core.function import Function
from gearman_tx.core.job_index import JobIndex
from gearman_tx.core.timer_heap import TimerHeap
from gearman_tx.core.unique_index import UniqueIndex
from gearman_tx.errors import Refused

if TYPE_CHECKING:
    from gearman_tx.core.job import Job
    from gearman_tx.core.peer import Peer
    from gearman_tx.core.policy import Policy
    from gearman_tx.core.sweep import Sweep
    from gearman_tx.large_body import Body

BY_WORKLOAD: Final = b"-"
"""The unique that coalesces submissions of the same workload."""

_LAST_DIGITS: Final = [b"%03d" % number for number in range(1000)]

LARGEST_ID: Final = 2**63 - 1
"""The largest id that a store can hold."""

_ROOM_SECONDS: Final = 1.0  # at most this often, a full table looks for unused functions


class Tables:
    """The state that the verbs share.

    Attributes:
        policy: the operator's decisions.
        next_id: the id of the next job.
        now: the time of everything that takes time, in seconds; nothing sets its clock back or
            forward. The caller sets it at least once per reactor turn.
        ahead: how many seconds the system clock is ahead of ``now``; :meth:`set_time` sets both.
        draining: whether submissions are refused because the server is about to stop.
        keeping: whether stored jobs without clients are also left to the next start.
        functions: every known function by its name, oldest first.
        jobs: every live job, oldest first.
        peers: every connected peer, oldest first.
        delayed: the jobs that wait for their time.
        timeouts: the running jobs that have a time limit.
        sweeps: the passes over all jobs that are under way.
    """

    __slots__ = (
        "_beginning",
        "_by_unique",
        "_by_workload",
        "_last_id",
        "_next_room",
        "_prefix",
        "_reserved",
        "_thousands",
        "ahead",
        "delayed",
        "draining",
        "functions",
        "jobs",
        "keeping",
        "next_id",
        "now",
        "peers",
        "policy",
        "sweeps",
        "timeouts",
    )

    def __init__(self, policy: Policy, ids: range, now: float) -> None:
        self.policy = policy
        self.next_id = ids.start
        self._last_id: i64 = ids.stop - 1
        self._reserved: deque[range] = deque()  # the blocks of ids that follow
        self.now = now
        self.ahead = 0.0
        self.draining = False
        self.keeping = False
        self.functions: dict[bytes, Function] = {}
        self.jobs = JobIndex()
        self.peers: dict[Peer, None] = {}
        self.delayed = TimerHeap()
        self.timeouts = TimerHeap()
        self.sweeps: deque[Sweep] = deque()
        self._by_unique = UniqueIndex()
        self._by_workload = UniqueIndex()  # of the jobs whose unique is BY_WORKLOAD
        self._next_room = 0.0
        self._prefix = policy.handle_prefix + b":"
        # The last handle without its last three digits, and the number in it.
        self._beginning = b""
        self._thousands = 0

    def set_time(self, now: float, unix_time: float) -> None:
        """Set the time by both clocks; the two meet here and nowhere else.

        Args:
            now: the time by the clock that is never set.
            unix_time: the time by the system clock, which may have been set since the last call.
        """
        self.now = now
        self.ahead = unix_time - now

    @property
    def unix_time(self) -> float:
        """The time by the system clock, as far as the caller has told it."""
        return self.now + self.ahead

    def new_handle(self) -> tuple[int, bytes]:
        """Return the id and the handle of the next job; neither is ever used again.

        Raises:
            Refused: all ids that the store reserved are used.
        """
        number = self.next_id
        if number > self._last_id:
            number = self._next_block()
        self.next_id = number + 1
        thousands = number // 1000
        if thousands == 0:
            return number, self._prefix + b"%d" % number
        if thousands != self._thousands:
            self._thousands = thousands
            self._beginning = self._prefix + b"%d" % thousands
        return number, self._beginning + _LAST_DIGITS[number % 1000]

    def _next_block(self) -> int:
        """Start the next reserved block of ids; return its first id."""
        if not self._reserved:
            raise Refused(b"QUEUE_ERROR", b"No job ids are left until the store reserves more")
        block = self._reserved.popleft()
        self._last_id = block.stop - 1
        return block.start

    def set_ids(self, block: range) -> None:
        """Use the ids of ``block`` from now on, and no ids that were reserved before."""
        self.next_id = block.start
        self._last_id = block.stop - 1
        self._reserved.clear()

    def reserve(self, block: range) -> None:
        """Use the ids of ``block`` when those reserved before are used up."""
        if not self._reserved and block.start == self._last_id + 1:
            self._last_id = block.stop - 1
        else:
            self._reserved.append(block)

    @property
    def ids_left(self) -> int:
        """How many reserved ids are not used yet."""
        left = int(self._last_id) - self.next_id + 1
        if self._reserved:
            left += sum(len(block) for block in self._reserved)
        return left

    @property
    def unused_ids(self) -> range:
        """The ids of the current block that are not used yet."""
        return range(self.next_id, self._last_id + 1)

    def function(self, name: bytes) -> Function:
        """Return the function called ``name``; make it if it is not known.

        Raises:
            Refused: the name is too long, or too many functions are in use.
        """
        function = self.functions.get(name)
        if function is None:
            function = self.limited_function(name)
        function.is_listed = True
        return function

    def limited_function(self, name: bytes) -> Function:
        """Return the function called ``name``; make it, not listed by reports, if it is not known.

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
        """Return the function called ``name``; make it, ignoring the limits, if it is not known.

        A name that was accepted once is not refused when a store brings it back.
        """
        function = self.functions.get(name)
        if function is None:
            function = self.functions[name] = Function(name, self.policy.settings)
        return function

    def _make_room(self) -> None:
        """Forget unused functions when the table is full."""
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
        """Add a new job, to be found by its handle and its unique."""
        self.jobs.add(job)
        if job.unique:
            self._add_unique(job)

    def restore(self, job: Job) -> None:
        """Add a stored job, whose handle may have any form, to be found as a new one."""
        self.jobs.restore(job)
        if job.unique:
            self._add_unique(job)

    def _add_unique(self, job: Job) -> None:
        if job.unique != BY_WORKLOAD:
            self._by_unique.add(job.unique, job)
        elif job.workload:  # empty workloads never coalesce
            self._by_workload.add(bytes(job.workload), job)

    def remove(self, job: Job) -> None:
        """Remove ``job``, its handle and its unique."""
        self.jobs.remove(job)
        unique = job.unique
        if unique == BY_WORKLOAD:
            self._by_workload.remove(bytes(job.workload), job)
        elif unique:
            self._by_unique.remove(unique, job)
