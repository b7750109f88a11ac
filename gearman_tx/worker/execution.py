"""From a job to the last packet about it: run its function, tell the client what became of it."""

from __future__ import annotations

from typing import Any

from attrs import define
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from gearman_tx.encoders import Encoder
from gearman_tx.errors import JobFailed
from gearman_tx.wire import PacketType, request
from gearman_tx.worker.functions import Runner, WorkerFunction
from gearman_tx.worker.job import WorkerJob

_log = Logger("gearman_tx.worker")


@define(eq=False)
class Execution:
    """Run functions and turn their outcome into packets.

    Attributes:
        runner: runs a function where it belongs.
        encoder: makes ``job.data`` of the workload, and bytes of the result.
    """

    runner: Runner
    encoder: Encoder[Any]

    def run(self, function: WorkerFunction | None, job: WorkerJob) -> Deferred[bytes]:
        """Run ``function`` on ``job``.

        Args:
            function: what to run; None when it was unregistered while the job was on its way.
            job: the job.

        Returns:
            Fires with WORK_COMPLETE, WORK_FAIL or WORK_EXCEPTION; never fails.
        """
        running = maybeDeferred(self._start, function, job)
        running.addCallback(self._complete, job)
        return running.addErrback(self._fail, job)

    def _start(self, function: WorkerFunction | None, job: WorkerJob) -> Deferred[Any]:
        if function is None:
            job.fail()
        job.data = self.encoder.decode(job.workload)
        return self.runner.run(function, job)

    def _complete(self, result: Any, job: WorkerJob) -> bytes:
        data = b"" if result is None else self.encoder.encode(result)
        return request(PacketType.WORK_COMPLETE, job.handle, data)

    def _fail(self, reason: Failure, job: WorkerJob) -> bytes:
        if reason.check(JobFailed):
            return request(PacketType.WORK_FAIL, job.handle)
        _log.failure(
            "job {handle} of {function} raised an exception",
            reason,
            handle=job.handle.decode("ascii", "backslashreplace"),
            function=job.function.decode("utf-8", "backslashreplace"),
        )
        text = f"{type(reason.value).__name__}: {reason.getErrorMessage()}"
        data = text.encode("utf-8", "backslashreplace")
        return request(PacketType.WORK_EXCEPTION, job.handle, data)
