"""A job of another store, before it has an id and a handle here."""

from __future__ import annotations

from enum import Enum
from hashlib import blake2b
from typing import Final, NamedTuple

from gearman_tx.core import JobRecord
from gearman_tx.values.redaction import size_of

_DIGEST_SIZE: Final = 16


class Fate(Enum):
    """What an import did with a job.

    Attributes:
        ADDED: it was added.
        REPEATED: the same job came before in this import.
        KNOWN: an earlier import from the same source added the same job.
    """

    ADDED = 1
    REPEATED = 2
    KNOWN = 3


class ForeignJob(NamedTuple):
    """Everything that the C server stores of a background job.

    Attributes:
        function: the function's name.
        unique: the unique, may be empty.
        priority: 0 high, 1 normal, 2 low.
        workload: the data, may be empty and hold any bytes.
        due: the Unix time before which it does not run; 0 for at once.
    """

    function: bytes
    unique: bytes
    priority: int
    workload: bytes
    due: float

    def __repr__(self) -> str:
        """Return the fields; of the workload, the size."""
        shown = self._asdict() | {"workload": size_of(self.workload)}
        return f"ForeignJob({shown})"

    @property
    def digest(self) -> bytes:
        """A digest of every field, 16 bytes."""
        hashed = blake2b(digest_size=_DIGEST_SIZE)
        for data in (self.function, self.unique, self.workload):
            hashed.update(b"%d:" % len(data))
            hashed.update(data)
        hashed.update(f"{self.priority} {self.due!r}".encode())
        return hashed.digest()

    def to_record(self, number: int, prefix: bytes, now: float) -> JobRecord:
        """Return the job as a store keeps it.

        Args:
            number: its id.
            prefix: the prefix of its handle, as in ``PREFIX:ID``.
            now: when it counts as submitted, in Unix seconds.
        """
        function, unique, priority, workload, due = self
        handle = b"%b:%d" % (prefix, number)
        return JobRecord(number, handle, function, unique, priority, workload, None, due, 0, now)
