"""Turn the arguments of ``Client.submit`` into a submission that can be started."""

from __future__ import annotations

from datetime import datetime
from typing import Final, Generic, Literal, TypeAlias, TypeVar

from gearman_tx.client.ports import NO_CALLBACKS, Callbacks, SubmissionRouter
from gearman_tx.client.submission import Submission
from gearman_tx.client.submit_packet import CheckedNames, as_bytes, submit_packet
from gearman_tx.client.task import Task
from gearman_tx.encoders import Encoder
from gearman_tx.values.kinds import check_count, check_seconds

T = TypeVar("T")

Priority: TypeAlias = Literal["high", "normal", "low"]

_SAME_DATA: Final = b"-"  # the unique that joins submissions of the same workload


class Preparation(Generic[T]):
    """Prepares the submissions of one client.

    Args:
        router: finds a server for each.
        encoder: encodes workloads and decodes results.
        namespace: the prefix of each function's name.
        largest: most bytes of the body of a packet.
        max_unique: most bytes of a unique.
    """

    def __init__(
        self,
        router: SubmissionRouter,
        encoder: Encoder[T],
        namespace: bytes,
        largest: int,
        max_unique: int,
    ) -> None:
        self._router = router
        self._encode = encoder.encode
        self._decode = encoder.decode
        self._namespace = namespace
        self._largest = largest
        self._max_unique = max_unique
        self._names = CheckedNames()

    def prepare(  # noqa: PLR0913, PLR0917  # a task has as many options; keywords would be slower
        self,
        workload: T,
        unique: str | bytes,
        function: str | bytes,
        priority: Priority,
        background: bool,  # noqa: FBT001  # a keyword would be slower
        at: float | datetime | None,
        reducer: str | bytes | None,
        retries: int,
        try_timeout: float | None,
        callbacks: Callbacks = NO_CALLBACKS,
    ) -> tuple[Submission[T], Task[T]]:
        """Return a submission that is not started, and its task.

        Args and errors are those of ``Client.submit``.
        """
        if retries or try_timeout is not None:
            check_count("retries", retries)
            check_seconds("try_timeout", try_timeout)
        name = self._names[function]
        key = as_bytes(unique) if unique else b""
        data = self._encode(workload)
        packet = submit_packet(
            self._namespace + name,
            key,
            data,
            priority=priority,
            background=background,
            at=at,
            reducer=None if reducer is None else self._namespace + as_bytes(reducer),
            largest=self._largest,
            max_unique=self._max_unique,
        )
        submission = Submission(
            self._router,
            name,
            data if key == _SAME_DATA else key,
            packet,
            self._decode,
            background,
            retries,
            try_timeout,
            callbacks,
        )
        return submission, Task(submission, key, workload)
