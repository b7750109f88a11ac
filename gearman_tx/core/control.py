"""What operators do to jobs and functions: cancel, create, drop, configure, drain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gearman_tx.core.ends import CANCELLED
from gearman_tx.core.states import COMMITTING, QUEUED, RUNNING
from gearman_tx.core.sweep import Sweep

if TYPE_CHECKING:
    from collections.abc import Callable

    from gearman_tx.core.dispatch import Dispatch
    from gearman_tx.core.endings import Endings
    from gearman_tx.core.function import Function
    from gearman_tx.core.job import Job
    from gearman_tx.core.ledger import Ledger
    from gearman_tx.core.settings import FunctionSettings
    from gearman_tx.core.tables import Tables


class UnknownFunctionError(Exception):
    """There is no function of that name."""


class FunctionInUseError(Exception):
    """The function has workers, running jobs, or jobs that are being stored."""


class Control:
    """The verbs of operators."""

    __slots__ = ("dispatch", "endings", "ledger", "tables")

    def __init__(
        self, tables: Tables, ledger: Ledger, dispatch: Dispatch, endings: Endings
    ) -> None:
        self.tables = tables
        self.ledger = ledger
        self.dispatch = dispatch
        self.endings = endings

    def cancel(self, handle: bytes) -> bool:
        """End a job in any state but COMMITTING; waiting clients get WORK_FAIL.

        The server does not tell a worker that runs the job, and ignores later packets of that
        worker about it.

        Returns:
            Whether there was such a job.
        """
        job = self.tables.jobs.get(handle)
        if job is None or job.state == COMMITTING:
            return False
        self._cancel(job)
        return True

    def _cancel(self, job: Job) -> None:
        if job.worker is not None:
            job.worker.forgive(job.handle)
        self.endings.end(job, CANCELLED)

    def create_function(self, name: bytes) -> None:
        """Make a function known, so that reports list it; it may exist already.

        Raises:
            Refused: the name is too long, or too many functions are in use.
        """
        self.tables.function(name).is_set = True

    def drop_function(self, name: bytes) -> None:
        """Forget a function, its settings and its waiting jobs; their clients get WORK_FAIL.

        The name is free at once: the next submission or worker makes a new function. A server with
        many jobs cancels those of the old function in slices, in the turns that follow.

        Args:
            name: the function's name, compared without regard to case if no name fits exactly.

        Raises:
            UnknownFunctionError: there is no such function.
            FunctionInUseError: it has workers, or jobs that run or are being stored.
        """
        function = self._find_function(name)
        if function.workers or function.running or function.committing:
            raise FunctionInUseError
        del self.tables.functions[function.name]
        self.ledger.set_settings(function.name, None)
        if function.total:

            def cancel(job: Job) -> None:
                if job.function is function:
                    self._cancel(job)

            self._sweep(cancel)

    def _sweep(self, visit: Callable[[Job], None]) -> None:
        """Visit all jobs: the first ones now, the rest in the turns that follow."""
        sweep = Sweep(iter(self.tables.jobs), visit)
        if sweep.step():
            self.tables.sweeps.append(sweep)

    def _find_function(self, name: bytes) -> Function:
        functions = self.tables.functions
        if name in functions and functions[name].is_listed:
            return functions[name]
        folded = name.lower()
        for known, function in functions.items():
            if known.lower() == folded and function.is_listed:
                return function
        raise UnknownFunctionError

    def settings_of(self, name: bytes) -> FunctionSettings:
        """Return the settings of a function, which need not exist yet."""
        function = self.tables.functions.get(name)
        return self.tables.policy.settings if function is None else function.settings

    def configure(self, name: bytes, settings: FunctionSettings) -> None:
        """Give a function its settings, all of them.

        Args:
            name: the function's name; it need not exist yet.
            settings: the settings, usually those of :meth:`settings_of` with one replaced.

        Raises:
            Refused: the name is too long, or too many functions are in use.
        """
        self._configure(self.tables.limited_function(name), settings)
        self.ledger.set_settings(name, settings)

    def restore_settings(self, name: bytes, settings: FunctionSettings) -> None:
        """Give a function settings that a store holds already."""
        self._configure(self.tables.restored_function(name), settings)

    def _configure(self, function: Function, settings: FunctionSettings) -> None:
        function.configure(settings)
        function.is_set = True

    def drain(self) -> None:
        """Refuse submissions from now on, because the server is about to stop."""
        self.tables.draining = True

    def keep(self) -> None:
        """From now on, leave stored jobs without clients to the next start.

        Workers no longer get such a job, whether it is queued, becomes due or loses its worker. A
        queue in memory has no stored jobs. A server with many jobs takes the queued ones out of
        their queues in slices, in the turns that follow.
        """
        if self.ledger.durable and not self.tables.keeping:
            self.tables.keeping = True
            self._sweep(self._keep)

    def _keep(self, job: Job) -> None:
        if job.state == QUEUED and job.background and not job.clients:
            self.dispatch.dequeue(job)
            self.dispatch.enqueue(job)

    @property
    def left(self) -> int:
        """How many jobs must end before the server is drained.

        All jobs; or, after :meth:`keep`, those that run, that a client waits for, or that are not
        stored yet.
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
