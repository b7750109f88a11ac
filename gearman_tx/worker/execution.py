"""From a job to the last packets about it: run its function, tell what became of it."""

from __future__ import annotations

from typing import Any

from attrs import define
from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger, LogLevel
from twisted.python.failure import Failure

from gearman_tx.encoders import Encoder
from gearman_tx.errors import JobException, JobFailed, LocalProtocolError
from gearman_tx.wire import PacketType, request
from gearman_tx.worker.functions import WorkerFunction
from gearman_tx.worker.job import WorkerJob
from gearman_tx.worker.runner import FunctionRunner

_LONGEST_TEXT = 64 * 1024
_log = Logger("gearman_tx.worker")


@define(eq=False)
class Execution:
    """Run functions and turn their outcome into packets.

    Attributes:
        runner: runs a function where it belongs.
        encoder: makes ``job.data`` of the workload, and bytes of the result.
        largest: how many bytes a result may have. A job server drops a connection over which more
            comes, and gives the job out again, to meet the same end.
        says_exception: whether a function that raises is told of by WORK_EXCEPTION; by WORK_WARNING
            and WORK_FAIL otherwise.
    """

    runner: FunctionRunner
    encoder: Encoder[Any]
    largest: int
    says_exception: bool

    def run(self, function: WorkerFunction, job: WorkerJob) -> bytes | Deferred[bytes]:
        """Run ``function`` on ``job``.

        Returns:
            WORK_COMPLETE, WORK_FAIL or WORK_EXCEPTION, if the function has ended; else a Deferred
            that fires with one of them and never fails. Cancelling it stops what can be stopped;
            see :meth:`Runner.run`.
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
        check_size(data, self.largest)
        return request(PacketType.WORK_COMPLETE, job.handle, data)

    def _fail(self, reason: Failure, job: WorkerJob) -> bytes:
        error = reason.value
        # The failure of another job, which the function waited for, is an exception like others.
        if isinstance(error, JobFailed) and error.handle == job.handle:
            if isinstance(error, JobException):
                return self._exception(job, error.data)
            return request(PacketType.WORK_FAIL, job.handle)
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

    def _exception(self, job: WorkerJob, said: bytes) -> bytes:
        """Return the packets that end ``job`` with an exception that ``said`` something."""
        if self.says_exception:
            return request(PacketType.WORK_EXCEPTION, job.handle, said)
        warning = request(PacketType.WORK_WARNING, job.handle, said)
        return warning + request(PacketType.WORK_FAIL, job.handle)


def check_size(data: bytes, largest: int) -> None:
    """Check that ``data`` may be sent.

    Raises:
        LocalProtocolError: it has more than ``largest`` bytes.
    """
    if len(data) > largest:
        text = f"{len(data)} bytes of a result are over the limit of {largest}"
        raise LocalProtocolError(text)
