"""The job that a worker's function is given, and what it may say about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from attrs import define, field

from gearman_tx.errors import JobException, JobFailed
from gearman_tx.wire import PacketType, request

if TYPE_CHECKING:
    from collections.abc import Callable

    from twisted.internet.defer import Deferred


@define(eq=False)
class WorkerJob:
    """One job, as the function that runs it sees it.

    All methods may be called from the thread that a plain function runs in; there they wait until
    the job server has room for more. In the reactor each returns a Deferred that fires with None
    then, or when the connection ends, and never fails; a function that says much should await it.
    Cancelling it only stops the waiting. What is said about a job that is lost, or over, goes
    nowhere.

    Attributes:
        function: the name under which the function was registered.
        workload: the data that the client submitted.
        handle: the job's name at the job server that gave it.
        unique: the key that the client gave it; may be empty.
        reducer: the name of the reducer of a reduce job, else empty.
        server: the name of the job server that gave it.
        is_lost: whether the result is of use to nobody any more: the connection to the job server
            is gone and the server gives the job to another worker, or it gave the job out again.
        data: what the worker's encoder makes of the workload.
    """

    function: bytes
    workload: bytes
    handle: bytes
    unique: bytes = b""
    reducer: bytes = b""
    server: str = ""
    is_lost: bool = False
    data: Any = None
    _say: Callable[[WorkerJob, bytes], Deferred[None]] = field(kw_only=True, repr=False)

    def send_data(self, data: bytes) -> Deferred[None]:
        """Send a part of the result to the waiting clients (WORK_DATA).

        Args:
            data: sent as it is: no encoder touches it.

        Raises:
            LocalProtocolError: there is more of it than a packet may hold.
        """
        return self._say(self, request(PacketType.WORK_DATA, self.handle, data))

    def send_warning(self, text: bytes) -> Deferred[None]:
        """Send a warning to the waiting clients (WORK_WARNING).

        Args:
            text: sent as it is: no encoder touches it.

        Raises:
            LocalProtocolError: there is more of it than a packet may hold.
        """
        return self._say(self, request(PacketType.WORK_WARNING, self.handle, text))

    def send_status(self, numerator: int, denominator: int) -> Deferred[None]:
        """Tell how far the job is: ``numerator`` of ``denominator`` (WORK_STATUS).

        The job server remembers the last one, for clients that ask.
        """
        done, total = b"%d" % numerator, b"%d" % denominator
        return self._say(self, request(PacketType.WORK_STATUS, self.handle, done, total))

    def fail(self, data: bytes | None = None) -> NoReturn:
        """End the job without a result (WORK_FAIL), or with an exception (WORK_EXCEPTION).

        Args:
            data: what to say about the exception, sent as it is; None for a plain failure.

        Raises:
            JobFailed: always, to leave the function; do not catch it. With ``data`` it is a
                JobException.
        """
        if data is not None:
            raise JobException(self.function, self.handle, data)
        raise JobFailed(self.function, self.handle)
