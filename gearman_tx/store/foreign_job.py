"""A job as another store knew it, before it has an id and a handle here."""

from __future__ import annotations

from enum import Enum
from hashlib import blake2b
from typing import Final, NamedTuple

_DIGEST_SIZE: Final = 16


class Fate(Enum):
    """What becomes of a job that is to be added.

    Attributes:
        ADDED: it is added.
        REPEATED: the same job came before in the same load.
        KNOWN: the same job of the same source was added by an earlier load.
    """

    ADDED = 1
    REPEATED = 2
    KNOWN = 3


class ForeignJob(NamedTuple):
    """All that the C server keeps of a background job.

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

    @property
    def digest(self) -> bytes:
        """16 bytes that no job has that differs in anything."""
        hashed = blake2b(digest_size=_DIGEST_SIZE)
        for data in (self.function, self.unique, self.workload):
            hashed.update(b"%d:" % len(data))
            hashed.update(data)
        hashed.update(f"{self.priority} {self.due!r}".encode())
        return hashed.digest()
