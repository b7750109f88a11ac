"""What a store keeps: jobs as plain values, and the batch of changes of one reactor turn."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from attrs import field, frozen

from gearman_tx.values.redaction import size_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from gearman_tx.core.settings import FunctionSettings


class JobRecord(NamedTuple):
    """A background job as it is stored; a tuple, because stores read and write many as rows.

    Attributes:
        id: the internal id, the key; it never repeats.
        handle: the handle that clients and workers know.
        function: the function's name.
        unique: the unique, may be empty.
        priority: 0 high, 1 normal, 2 low.
        workload: the data, may be empty and hold any bytes.
        reducer: the reducer's name, or None.
        due: the Unix time before which it does not run; 0 for at once.
        losses: how many tries were lost with their worker or ran out of time.
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
    losses: int
    submitted: float

    def __repr__(self) -> str:
        """Return the fields; of the workload, the size."""
        shown = self._asdict() | {"workload": size_of(self.workload)}
        return f"JobRecord({shown})"


class JobChange(NamedTuple):
    """The fields that may change in a stored job while it is live.

    Attributes:
        id: the job's id.
        due: the Unix time before which it does not run; 0 for at once.
        losses: how many tries were lost with their worker or ran out of time.
    """

    id: int
    due: float
    losses: int


@frozen
class Batch:
    """All changes to store since the last batch, for one transaction.

    Attributes:
        added: background jobs whose submitters wait until they are durable.
        changed: stored jobs that changed and are still live.
        finished: ids of stored jobs that ended.
        settings: new settings by function name; None where the operator dropped the function.
    """

    added: Sequence[JobRecord] = ()
    changed: Sequence[JobChange] = ()
    finished: Sequence[int] = ()
    settings: Mapping[bytes, FunctionSettings | None] = field(factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether it changes nothing."""
        return not (self.added or self.changed or self.finished or self.settings)


@frozen
class Committed:
    """The answer of a store to a batch that is durable now.

    Attributes:
        joined: for each added job that was not stored, because the store already holds a live job
            of the same function and unique: the handle of that job, by the id of the added one.
            Only a store that several servers share fills it.
    """

    joined: Mapping[int, bytes] = field(factory=dict)
