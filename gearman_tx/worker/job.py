"""The job that a worker's function is given, and the packets that it may send about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from attrs import define, field
from twisted.internet.defer import Deferred

from gearman_tx.errors import JobException, JobFailed, RemoteProtocolError
from gearman_tx.values.redaction import size_of
from gearman_tx.wire import PacketType, request


@define(eq=False)
class WorkerJob:
    """One job, as the function that runs it sees it.

    All methods may be called from the thread of a plain function; there they wait until the job
    server has room for more. In the reactor each returns a Deferred that fires with None then, or
    when the connection ends, and never fails; a function that sends much should await it.
    Cancelling the Deferred only stops the waiting. Packets about a job that is lost or over are
    dropped.

    Attributes:
        function: the name under which the function was registered.
        workload: the data that the client submitted.
        handle: the handle of the job at its job server.
        unique: the unique of the job; may be empty.
        reducer: the name of the reducer of a reduce job, else empty.
        server: the name of the job server that assigned the job.
        is_lost: whether the result is of no use any more: the connection to the job server is lost,
            and the server gives the job to another worker.
        data: the workload, decoded by the worker's encoder.
    """

    function: bytes
    workload: bytes = field(repr=size_of)
    handle: bytes
    unique: bytes = b""
    reducer: bytes = b""
    server: str = ""
    is_lost: bool = False
    data: Any = field(default=None, repr=size_of)
    _send: Callable[[WorkerJob, bytes], Deferred[None]] = field(kw_only=True, repr=False)

    def send_data(self, data: bytes) -> Deferred[None]:
        """Send a part of the result to the waiting clients (WORK_DATA).

        Args:
            data: sent as it is, without the encoder.

        Raises:
            TooLarge: the data is larger than a packet may be.
        """
        return self._send(self, request(PacketType.WORK_DATA, self.handle, data))

    def send_warning(self, text: bytes) -> Deferred[None]:
        """Send a warning to the waiting clients (WORK_WARNING).

        Args:
            text: sent as it is, without the encoder.

        Raises:
            TooLarge: the text is larger than a packet may be.
        """
        return self._send(self, request(PacketType.WORK_WARNING, self.handle, text))

    def send_status(self, numerator: int, denominator: int) -> Deferred[None]:
        """Report the progress of the job: ``numerator`` of ``denominator`` (WORK_STATUS).

        The job server keeps the last report for clients that ask.
        """
        done, total = b"%d" % numerator, b"%d" % denominator
        return self._send(self, request(PacketType.WORK_STATUS, self.handle, done, total))

    def fail(self, data: bytes | None = None) -> NoReturn:
        """End the job without a result (WORK_FAIL), or with an exception (WORK_EXCEPTION).

        Args:
            data: the exception's data, sent as it is; None for a plain failure.

        Raises:
            JobFailed: always, to leave the function; do not catch it. With ``data`` it is a
                JobException.
        """
        if data is not None:
            raise JobException(self.function, self.handle, data)
        raise JobFailed(self.function, self.handle)


def is_same(one: WorkerJob, other: WorkerJob) -> bool:
    """Return whether two assignments are of one job: same server, handle, function and workload.

    A C job server begins its handles again when it restarts, so the handle alone is not enough.
    """
    return (
        one.handle == other.handle
        and one.server == other.server
        and one.function == other.function
        and one.workload == other.workload
    )


def split_arguments(body: bytes, count: int) -> list[bytes]:
    """Return the ``count`` arguments of a packet that assigns a job.

    Raises:
        RemoteProtocolError: there are fewer.
    """
    arguments = body.split(b"\0", count - 1)
    if len(arguments) != count:
        size = len(body)
        text = f"a job came with {len(arguments)} fields, not {count}, in {size} bytes"
        raise RemoteProtocolError(text)
    return arguments
