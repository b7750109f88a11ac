"""Run a job's function and make the last packets about the job of its outcome."""

from __future__ import annotations

from typing import Any, Final

from attrs import define
from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger, LogLevel
from twisted.python.failure import Failure

from gearman_tx.encoders import Encoder
from gearman_tx.errors import JobException, JobFailed, TooLarge
from gearman_tx.wire import PacketType, limited, request
from gearman_tx.worker.functions import WorkerFunction
from gearman_tx.worker.job import WorkerJob
from gearman_tx.worker.processes import ProcessOverdue
from gearman_tx.worker.runner import FunctionRunner

LIMIT_NAME: Final = "link_limits.packet"
"""The setting of a worker that limits its packets."""

_LONGEST_TEXT: Final = 64 * 1024
_log = Logger("gearman_tx.worker")


@define(eq=False)
class Execution:
    """Runs functions and turns their outcomes into packets.

    Attributes:
        runner: runs a function in its thread, in a process or in the reactor.
        encoder: decodes the workload to ``job.data`` and encodes the result.
        largest: most bytes of the body of a packet.
        sends_exception: whether WORK_EXCEPTION reports a function that raises; else WORK_WARNING
            and WORK_FAIL do.
    """

    runner: FunctionRunner
    encoder: Encoder[Any]
    largest: int
    sends_exception: bool

    def run(self, function: WorkerFunction, job: WorkerJob) -> bytes | Deferred[bytes]:
        """Run ``function`` on ``job``.

        Returns:
            WORK_COMPLETE, WORK_FAIL or WORK_EXCEPTION, if the function has ended; else a Deferred
            that fires with one of them and never fails. It fires with no packet if the function was
            ended because of its time limit: the job server's own limit decides what follows. For
            cancelling it, see :meth:`Runner.run`.
        """
        try:
            job.data = self.encoder.decode(job.workload)
            result = self.runner.run(function, job)
            if not isinstance(result, Deferred):
                return self._complete(result, job)
        except BaseException:  # noqa: BLE001  # a function must not end the worker by sys.exit()
            return self._fail(Failure(), job)
        result.addCallback(self._complete, job)
        return result.addErrback(self._fail, job)

    def _complete(self, result: Any, job: WorkerJob) -> bytes:
        data = b"" if result is None else self.encoder.encode(result)
        return self._limited(request(PacketType.WORK_COMPLETE, job.handle, data))

    def _fail(self, reason: Failure, job: WorkerJob) -> bytes:
        error = reason.value
        # A failure of another job, which the function awaited, is an exception like any other.
        if isinstance(error, JobFailed) and error.handle == job.handle:
            if isinstance(error, JobException):
                return self._exception(job, error.data)
            return request(PacketType.WORK_FAIL, job.handle)
        if isinstance(error, ProcessOverdue):
            _log.warn(
                "job {handle} of {function} exceeded its limit of {seconds:g} s: its process was"
                " ended, and the job server gives the job to a worker again, or ends it",
                handle=job.handle.decode("ascii", "backslashreplace"),
                function=job.function.decode("utf-8", "backslashreplace"),
                seconds=error.seconds,
            )
            return b""
        if not (job.is_lost and isinstance(error, CancelledError)):
            _log.failure(
                "job {handle} of {function} raised an exception",
                reason,
                LogLevel.error,
                handle=job.handle.decode("ascii", "backslashreplace"),
                function=job.function.decode("utf-8", "backslashreplace"),
            )
        name, text = type(error).__name__, reason.getErrorMessage()
        data = f"{name}: {text}" if text else name
        return self._exception(job, data.encode("utf-8", "backslashreplace")[:_LONGEST_TEXT])

    def _exception(self, job: WorkerJob, data: bytes) -> bytes:
        """Return the packets that end ``job`` with an exception."""
        packet = request(PacketType.WORK_EXCEPTION, job.handle, data)
        try:
            self._limited(packet)
        except TooLarge as error:
            data = f"{type(error).__name__}: {error}".encode()
            packet = request(PacketType.WORK_EXCEPTION, job.handle, data)
        if self.sends_exception:
            return packet
        warning = request(PacketType.WORK_WARNING, job.handle, data)
        return warning + request(PacketType.WORK_FAIL, job.handle)

    def _limited(self, packet: bytes) -> bytes:
        return limited(packet, self.largest, LIMIT_NAME)
