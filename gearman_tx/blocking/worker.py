"""python-gearman's worker, over ours."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterable
from typing import Any, Final

from gearman_tx.blocking.connection_manager import GearmanConnectionManager
from gearman_tx.blocking.errors import GearmanError
from gearman_tx.blocking.reactor_thread import THREAD
from gearman_tx.blocking.shift import OpenJob, Shift, make_shift
from gearman_tx.errors import ConfigurationError, TimedOut
from gearman_tx.worker import WorkerJob

POLL_TIMEOUT_IN_SECONDS: Final = 60.0
"""Seconds after which ``work`` calls ``after_poll`` although nothing has come."""


class GearmanWorker(GearmanConnectionManager):
    """Runs jobs, one at a time, in the thread that calls :meth:`work`.

    Args:
        host_list: the job servers; see :class:`GearmanConnectionManager`.

    Attributes:
        worker_abilities: the registered functions by name.
        worker_client_id: what the job servers' reports call the worker; None for nothing.
    """

    def __init__(self, host_list: Iterable[Any] | None = None) -> None:
        super().__init__(host_list)
        self.worker_abilities: dict[Any, Callable[..., Any]] = {}
        self.worker_client_id: Any = None
        self._shifts: list[Shift] = []
        self._open: dict[tuple[Any, Any], OpenJob] = {}

    # -------------------------------------------------------------------------- before working

    def register_task(self, task: Any, callback_function: Callable[..., Any]) -> Any:
        """Offer a function to all job servers, also while :meth:`work` runs.

        Args:
            task: its name, as bytes or text; ``job.task`` will be the same.
            callback_function: is called with the worker and the job, and returns the result.

        Returns:
            The name.
        """
        for name in [name for name in self.worker_abilities if _raw(name) == _raw(task)]:
            del self.worker_abilities[name]
        self.worker_abilities[task] = callback_function
        for shift in list(self._shifts):
            THREAD.call(shift.offer, task)
        return task

    def unregister_task(self, task: Any) -> Any:
        """Offer a function no more; return its name. One that is not registered is no error."""
        if self.worker_abilities.pop(task, None) is not None:
            for shift in list(self._shifts):
                THREAD.call(shift.withdraw, task)
        return task

    def set_client_id(self, client_id: Any) -> Any:
        """Set what the job servers' reports call the worker, from the next connection on."""
        self.worker_client_id = client_id
        return client_id

    # --------------------------------------------------------------------------------- working

    def work(self, poll_timeout: float | None = POLL_TIMEOUT_IN_SECONDS) -> None:
        """Run jobs until a hook says that it is enough.

        A job server that is lost is connected to again and again, while another one is there. When
        this ends, by whatever error, connections are closed, and job servers give an unfinished job
        to another worker.

        Args:
            poll_timeout: seconds after which :meth:`after_poll` is called although nothing came;
                None for never.

        Raises:
            ServerUnavailable: all job servers are down.
            Exception: whatever a hook raises.
        """
        if not self.after_poll(False):
            return
        shift = self._begin()
        try:
            goes_on = True
            while goes_on:
                opened = shift.next_job(poll_timeout)
                if opened is None:
                    goes_on = self.after_poll(False)
                    continue
                self._run(opened)
                goes_on = self.after_poll(True) and self.after_job()
                if goes_on:
                    THREAD.call(shift.rest)
        finally:
            self._shifts.remove(shift)
            with contextlib.suppress(GearmanError):  # the reactor may have ended
                THREAD.call(shift.end)

    def shutdown(self) -> None:
        """Make every :meth:`work` that runs end with ServerUnavailable, once its job is done."""
        for shift in list(self._shifts):
            THREAD.call(shift.cut)

    def _begin(self) -> Shift:
        servers = {connection.name: connection.server for connection in self.connection_list}
        try:
            shift: Shift = THREAD.call(
                make_shift,
                THREAD.start(),
                list(servers.values()),
                self.worker_client_id or b"",
                list(self.worker_abilities),
                self.not_available(),
            )
        except ConfigurationError as error:
            raise self.translated(error) from error
        self._shifts.append(shift)
        return shift

    def _run(self, opened: OpenJob) -> None:
        """Run a job by the hooks, in this thread."""
        job = opened.job
        connection = next(one for one in self.connection_list if one.name == job.server)
        current_job = self._make_job(connection, job)
        key = connection, current_job.handle
        self._open = {at: one for at, one in self._open.items() if not one.is_over}
        self._open[key] = opened
        self.on_job_execute(current_job)
        if not opened.is_over:
            THREAD.call(opened.leave)

    def _make_job(self, connection: Any, job: WorkerJob) -> Any:
        """Return a job of ours as a GearmanJob."""
        names = [name for name in self.worker_abilities if _raw(name) == job.function]
        task = names[0] if names else job.function
        return self.job_class(
            connection, job.handle, task, job.unique, self.decode_data(job.workload)
        )

    # -------------------------------------------------------------------- hooks for subclasses

    def after_poll(self, any_activity: bool) -> bool:
        """Be called before the work begins, after each job, and when ``poll_timeout`` is over.

        Args:
            any_activity: whether there was a job.

        Returns:
            Whether to go on.
        """
        del any_activity
        return True

    def after_job(self) -> bool:
        """Be called after each job; return whether to go on."""
        return True

    def on_job_execute(self, current_job: Any) -> Any:
        """Run a job: call its function, then :meth:`on_job_complete` or ``on_job_exception``."""
        try:
            result = self.worker_abilities[current_job.task](self, current_job)
        except Exception:  # noqa: BLE001  # whatever the program's function raises
            return self.on_job_exception(current_job, sys.exc_info())
        return self.on_job_complete(current_job, result)

    def on_job_exception(self, current_job: Any, exc_info: Any) -> Any:
        """Fail a job whose function raised; subclasses may log it, or tell the client."""
        del exc_info
        self.send_job_failure(current_job)
        return False

    def on_job_complete(self, current_job: Any, job_result: Any) -> Any:
        """Send the result of a job; subclasses may do otherwise."""
        self.send_job_complete(current_job, job_result)
        return True

    # --------------------------------------------------------------------- what is said of jobs
    #
    # Each waits until the job server takes more, for ``poll_timeout`` seconds at most. What is said
    # about a job that is over, or was lost with its job server, goes nowhere.

    def send_job_status(
        self,
        current_job: Any,
        numerator: float,
        denominator: float,
        poll_timeout: float | None = None,
    ) -> None:
        """Tell how far a job is; fractions are cut, since Gearman has whole numbers."""
        assert isinstance(numerator, int | float), "Numerator must be a numeric value"
        assert isinstance(denominator, int | float), "Denominator must be a numeric value"
        self._say(current_job, poll_timeout, _status, int(numerator), int(denominator))

    def send_job_data(self, current_job: Any, data: Any, poll_timeout: float | None = None) -> None:
        """Send a part of the result."""
        self._say(current_job, poll_timeout, _part, self.encode_data(data))

    def send_job_warning(
        self, current_job: Any, data: Any, poll_timeout: float | None = None
    ) -> None:
        """Send a warning."""
        self._say(current_job, poll_timeout, _warning, self.encode_data(data))

    def send_job_complete(
        self, current_job: Any, data: Any, poll_timeout: float | None = None
    ) -> None:
        """End a job with a result."""
        self._say(current_job, poll_timeout, OpenJob.complete, self.encode_data(data))

    def send_job_failure(self, current_job: Any, poll_timeout: float | None = None) -> None:
        """End a job without a result."""
        self._say(current_job, poll_timeout, OpenJob.fail)

    def send_job_exception(
        self, current_job: Any, data: Any, poll_timeout: float | None = None
    ) -> None:
        """End a job with an exception, of which clients that ask for it hear ``data``."""
        self._say(current_job, poll_timeout, OpenJob.exception, self.encode_data(data))

    def wait_until_updates_sent(
        self, multiple_gearman_jobs: Iterable[Any], poll_timeout: float | None = None
    ) -> None:
        """Do nothing: each of the methods above waits by itself."""

    def _say(
        self, current_job: Any, timeout: float | None, say: Callable[..., Any], *words: Any
    ) -> None:
        opened = self._open.get((current_job.connection, current_job.handle))
        if opened is not None:
            with contextlib.suppress(TimedOut):  # it goes out when the job server reads again
                THREAD.call(say, opened, *words, timeout=timeout)


def _status(opened: OpenJob, numerator: int, denominator: int) -> Any:
    return opened.job.send_status(numerator, denominator)


def _part(opened: OpenJob, data: bytes) -> Any:
    return opened.job.send_data(data)


def _warning(opened: OpenJob, data: bytes) -> Any:
    return opened.job.send_warning(data)


def _raw(name: str | bytes) -> bytes:
    """Return a name as it is on the wire."""
    return name.encode() if isinstance(name, str) else name
