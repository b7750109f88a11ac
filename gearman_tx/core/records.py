"""What a store keeps: jobs as plain values, and the batch of changes of one reactor turn."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from attrs import field, frozen

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class JobRecord(NamedTuple):
    """A background job as it is stored: a tuple, because stores write and read many as rows.

    Attributes:
        id: the internal id, the key; it never repeats.
        handle: the handle that clients and workers know.
        function: the function's name.
        unique: the unique, may be empty.
        priority: 0 high, 1 normal, 2 low.
        workload: the data, may be empty and hold any bytes.
        reducer: the reducer's name, or None.
        due: the Unix time before which it does not run; 0 for at once.
        retries: how often its worker was lost.
        submitted: when it was submitted, in Unix seconds.
    """

    id: int
    handle: bytes
    function: bytes
    unique: bytes
    priority: int
    workload: bytes
    reducer: bytes | None
    due: float
    retries: int
    submitted: float


@frozen
class Batch:
    """Everything that became worth storing since the last batch, for one transaction.

    Attributes:
        next_id: the id of the next job; all smaller ones may have been given.
        added: background jobs that somebody waits to see durable.
        finished: ids of stored jobs that ended.
        retries: the new retry count of stored jobs, by id.
        max_queue: new limits (high, normal, low) by function name; None where the operator
            dropped the function.
    """

    next_id: int
    added: Sequence[JobRecord] = ()
    finished: Sequence[int] = ()
    retries: Mapping[int, int] = field(factory=dict)
    max_queue: Mapping[bytes, tuple[int, int, int] | None] = field(factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether it changes nothing."""
        return not (self.added or self.finished or self.retries or self.max_queue)


@frozen
class Committed:
    """What a store says of a batch that is durable now.

    Attributes:
        joined: for added jobs that were not stored because the store holds a live job of the same
            function and unique already: the handle of that job, by the id of the added one. Only
            a store that several servers share ever says so.
    """

    joined: Mapping[int, bytes] = field(factory=dict)
