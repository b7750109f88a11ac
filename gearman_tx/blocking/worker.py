"""python-gearman's worker, over :class:`gearman_tx.Worker`."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterable
from typing import Any, Final

from gearman_tx.blocking.connection_manager import GearmanConnectionManager
from gearman_tx.blocking.errors import GearmanError
from gearman_tx.blocking.work_session import OpenJob, WorkSession, start_session
from gearman_tx.errors import ConfigurationError, TimedOut
from gearman_tx.reactor_thread import THREAD, PerProcess
from gearman_tx.values.kinds import check_function
from gearman_tx.worker import WorkerJob

POLL_TIMEOUT_IN_SECONDS: Final = 60.0
"""Seconds without a job after which ``work`` calls ``after_poll``."""


class GearmanWorker(GearmanConnectionManager):
    """Runs jobs, one at a time, in the thread that calls :meth:`work`.

    Args:
        host_list: the job servers; see :class:`GearmanConnectionManager`.

    Attributes:
        worker_abilities: the registered functions by name.
        worker_client_id: the worker's name in the job servers' reports; None for ``host:pid``.
    """

    def __init__(self, host_list: Iterable[Any] | None = None) -> None:
        super().__init__(host_list)
        self.worker_abilities: dict[Any, Callable[..., Any]] = {}
        self.worker_client_id: Any = None
        self._sessions: PerProcess[list[WorkSession]] = PerProcess(list)
        self._open: PerProcess[dict[tuple[Any, Any], OpenJob]] = PerProcess(dict)

    # -------------------------------------------------------------------------- before working

    def register_task(self, task: Any, callback_function: Callable[..., Any]) -> Any:
        """Offer a function to all job servers, also while :meth:`work` runs.

        Args:
            task: its name, as bytes or text, and the value of ``job.task``.
            callback_function: takes the worker and the job, and returns the result.

        Returns:
            The name.
        """
        check_function("callback_function", callback_function)
        for name in [name for name in self.worker_abilities if _raw(name) == _raw(task)]:
            del self.worker_abilities[name]
        self.worker_abilities[task] = callback_function
        for session in list(self._sessions()):
            THREAD.call(session.register, task)
        return task

    def unregister_task(self, task: Any) -> Any:
        """Withdraw a function, if it is registered; return its name."""
        if self.worker_abilities.pop(task, None) is not None:
            for session in list(self._sessions()):
                THREAD.call(session.unregister, task)
        return task

    def set_client_id(self, client_id: Any) -> Any:
        """Set the worker's name in the job servers' reports, from the next connection on."""
        self.worker_client_id = client_id
        return client_id

    # --------------------------------------------------------------------------------- working

    def work(self, poll_timeout: float | None = POLL_TIMEOUT_IN_SECONDS) -> None:
        """Run jobs until a hook returns something false.

        The worker reconnects to a lost job server while another one is up. When this method ends,
        also with an error, connections are closed, and job servers give an unfinished job to
        another worker.

        Args:
            poll_timeout: seconds without a job after which :meth:`after_poll` is called; None for
                never.

        Raises:
            ServerUnavailable: all job servers are down.
            Exception: the exception of a hook.
        """
        if not self.after_poll(False):
            return
        session = self._begin()
        try:
            goes_on = True
            while goes_on:
                open_job = session.next_job(poll_timeout)
                if open_job is None:
                    goes_on = self.after_poll(False)
                    continue
                self._run(open_job)
                goes_on = self.after_poll(True) and self.after_job()
        finally:
            if session in self._sessions():  # it is not in a process that a job has forked
                self._sessions().remove(session)
                with contextlib.suppress(GearmanError):  # the reactor may have ended
                    THREAD.call(session.end)

    def shutdown(self) -> None:
        """End every running :meth:`work` with ServerUnavailable, after its present job."""
        for session in list(self._sessions()):
            THREAD.call(session.interrupt)

    def _begin(self) -> WorkSession:
        servers = {connection.name: connection.server for connection in self.connection_list}
        try:
            session: WorkSession = THREAD.call(
                start_session,
                THREAD.start(),
                list(servers.values()),
                self.worker_client_id,
                list(self.worker_abilities),
                self.not_available(),
            )
        except ConfigurationError as error:
            raise self.translated(error) from error
        self._sessions().append(session)
        return session

    def _run(self, open_job: OpenJob) -> None:
        """Run a job with the hooks, in this thread."""
        job = open_job.job
        connection = next(one for one in self.connection_list if one.name == job.server)
        current_job = self._make_job(connection, job)
        key = connection, current_job.handle
        opened = self._open()
        for ended in [at for at, one in opened.items() if one.is_over]:
            del opened[ended]
        opened[key] = open_job
        self.on_job_execute(current_job)
        if not open_job.is_over:
            THREAD.call(open_job.leave)

    def _make_job(self, connection: Any, job: WorkerJob) -> Any:
        """Return a WorkerJob as a GearmanJob."""
        names = [name for name in self.worker_abilities if _raw(name) == job.function]
        task = names[0] if names else job.function
        return self.job_class(
            connection, job.handle, task, job.unique, self.decode_data(job.workload)
        )

    # -------------------------------------------------------------------- hooks for subclasses

    def after_poll(self, any_activity: bool) -> bool:
        """Called before the work begins, after each job, and when ``poll_timeout`` has passed.

        Args:
            any_activity: whether there was a job.

        Returns:
            Whether to go on.
        """
        del any_activity
        return True

    def after_job(self) -> bool:
        """Called after each job; return whether to go on."""
        return True

    def on_job_execute(self, current_job: Any) -> Any:
        """Run a job: call its function, then :meth:`on_job_complete` or ``on_job_exception``."""
        try:
            result = self.worker_abilities[current_job.task](self, current_job)
        except Exception:  # noqa: BLE001  # any exception of the program's function
            return self.on_job_exception(current_job, sys.exc_info())
        return self.on_job_complete(current_job, result)

    def on_job_exception(self, current_job: Any, exc_info: Any) -> Any:
        """Fail a job whose function raised; subclasses may log it, or send the exception."""
        del exc_info
        self.send_job_failure(current_job)
        return False

    def on_job_complete(self, current_job: Any, job_result: Any) -> Any:
        """Send the result of a job; subclasses may override it."""
        self.send_job_complete(current_job, job_result)
        return True

    # ----------------------------------------------------------------------- packets about jobs
    #
    # Each method waits until the job server has room for more, for at most ``poll_timeout``
    # seconds. Packets about a job that is over, or was lost with its job server, are dropped.

    def send_job_status(
        self,
        current_job: Any,
        numerator: float,
        denominator: float,
        poll_timeout: float | None = None,
    ) -> None:
        """Report the progress of a job; fractions are cut off, since Gearman has integers."""
        assert isinstance(numerator, int | float), "Numerator must be a numeric value"
        assert isinstance(denominator, int | float), "Denominator must be a numeric value"
        self._send(current_job, poll_timeout, _send_status, int(numerator), int(denominator))

    def send_job_data(self, current_job: Any, data: Any, poll_timeout: float | None = None) -> None:
        """Send a part of the result."""
        self._send(current_job, poll_timeout, _send_data, self.encode_data(data))

    def send_job_warning(
        self, current_job: Any, data: Any, poll_timeout: float | None = None
    ) -> None:
        """Send a warning."""
        self._send(current_job, poll_timeout, _send_warning, self.encode_data(data))

    def send_job_complete(
        self, current_job: Any, data: Any, poll_timeout: float | None = None
    ) -> None:
        """End a job with a result."""
        self._send(current_job, poll_timeout, OpenJob.complete, self.encode_data(data))

    def send_job_failure(self, current_job: Any, poll_timeout: float | None = None) -> None:
        """End a job without a result."""
        self._send(current_job, poll_timeout, OpenJob.fail)

    def send_job_exception(
        self, current_job: Any, data: Any, poll_timeout: float | None = None
    ) -> None:
        """End a job with an exception; clients that ask for exceptions get ``data``."""
        self._send(current_job, poll_timeout, OpenJob.exception, self.encode_data(data))

    def wait_until_updates_sent(
        self, multiple_gearman_jobs: Iterable[Any], poll_timeout: float | None = None
    ) -> None:
        """Do nothing: each of the methods above waits itself."""

    def _send(
        self, current_job: Any, timeout: float | None, send: Callable[..., Any], *arguments: Any
    ) -> None:
        open_job = self._open().get((current_job.connection, current_job.handle))
        if open_job is not None:
            with contextlib.suppress(TimedOut):  # the packet is sent when the server reads again
                THREAD.call(send, open_job, *arguments, timeout=timeout)


def _send_status(open_job: OpenJob, numerator: int, denominator: int) -> Any:
    return open_job.job.send_status(numerator, denominator)


def _send_data(open_job: OpenJob, data: bytes) -> Any:
    return open_job.job.send_data(data)


def _send_warning(open_job: OpenJob, data: bytes) -> Any:
    return open_job.job.send_warning(data)


def _raw(name: str | bytes) -> bytes:
    """Return a name as it is sent."""
    return name.encode() if isinstance(name, str) else name
