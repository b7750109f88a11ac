"""What operators do to jobs and functions: cancel, create, drop, limit, drain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gearman_tx.core.states import COMMITTING, QUEUED, RUNNING

if TYPE_CHECKING:
    from gearman_tx.core.endings import Endings
    from gearman_tx.core.function import Function
    from gearman_tx.core.ledger import Ledger
    from gearman_tx.core.tables import Tables


class UnknownFunctionError(Exception):
    """There is no function of that name."""


class FunctionInUseError(Exception):
    """The function has workers, running jobs, or jobs that are being stored."""


class Control:
    """The verbs of operators."""

    __slots__ = ("endings", "ledger", "tables")

    def __init__(self, tables: Tables, ledger: Ledger, endings: Endings) -> None:
        self.tables = tables
        self.ledger = ledger
        self.endings = endings

    def cancel(self, handle: bytes) -> bool:
        """End a job whatever its state; waiting clients get WORK_FAIL.

        A worker that runs it is not told; what it still says about it is ignored.

        Returns:
            Whether there was such a job.
        """
        job = self.tables.jobs.get(handle)
        if job is None or job.state == COMMITTING:
            return False
        self.endings.fail(job)
        return True

    def create_function(self, name: bytes) -> None:
        """Make a function known, so that reports list it; it may exist already.

        Raises:
            Refused: the name is too long, or too many functions are in use.
        """
        self.tables.function(name).is_set = True

    def drop_function(self, name: bytes) -> None:
        """Forget a function, its limits and its waiting jobs; their clients get WORK_FAIL.

        Args:
            name: the function's name, compared without regard to case if none fits exactly.

        Raises:
            UnknownFunctionError: there is no such function.
            FunctionInUseError: it has workers, or jobs that run or are being stored.
        """
        function = self._find_function(name)
        if function.workers or function.running or function.committing:
            raise FunctionInUseError
        for job in [job for job in self.tables.jobs if job.function is function]:
            self.endings.fail(job)
        del self.tables.functions[function.name]
        self.ledger.set_max_queue(function.name, None)

    def _find_function(self, name: bytes) -> Function:
        functions = self.tables.functions
        if name in functions and functions[name].is_listed:
            return functions[name]
        folded = name.lower()
        for known, function in functions.items():
            if known.lower() == folded and function.is_listed:
                return function
        raise UnknownFunctionError

    def set_max_queue(self, name: bytes, limits: tuple[int, int, int]) -> None:
        """Limit how many jobs a function may have, for high, normal and low submissions.

        Args:
            name: the function's name; it need not exist yet.
            limits: the limits of the function's total; 0 is no limit.

        Raises:
            Refused: the name is too long, or too many functions are in use.
        """
        self._limit(self.tables.limited_function(name), limits)
        self.ledger.set_max_queue(name, limits)

    def restore_max_queue(self, name: bytes, limits: tuple[int, int, int]) -> None:
        """Set limits that a store holds already."""
        self._limit(self.tables.restored_function(name), limits)

    def _limit(self, function: Function, limits: tuple[int, int, int]) -> None:
        function.max_queue = limits
        function.is_set = True

    def drain(self) -> None:
        """Refuse submissions from now on, because the server is about to stop."""
        self.tables.draining = True

    def keep(self) -> None:
        """Leave stored jobs that nobody waits for to the next start, from now on.

        No worker gets them any more: those that are queued, become due or lose their worker. With
        a queue in memory there are none. It costs a look at every job.
        """
        if not self.ledger.durable:
            return
        self.tables.keeping = True
        dispatch = self.endings.dispatch
        for job in self.tables.jobs:
            if job.state == QUEUED and job.background and not job.clients:
                dispatch.dequeue(job)
                dispatch.enqueue(job)

    @property
    def left(self) -> int:
        """How many jobs must end before the server is drained.

        All of them; or, when stored ones are left to the next start, those that run, that a client
        waits for or that are not stored yet.
        """
        tables = self.tables
        if not tables.keeping:
            return len(tables.jobs)
        waited_for = {job for peer in tables.peers for job in peer.tasks if job.state != RUNNING}
        running = sum(function.running for function in tables.functions.values())
        return len(waited_for) + running + self.ledger.waiting

    @property
    def is_drained(self) -> bool:
        """Whether no job is :attr:`left`."""
        tables = self.tables
        if not tables.keeping:
            return not tables.jobs
        return not (
            self.ledger.waiting
            or any(function.running for function in tables.functions.values())
            or any(peer.tasks for peer in tables.peers)
        )
