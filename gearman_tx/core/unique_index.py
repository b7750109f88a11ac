"""The live jobs by a key that clients chose; no operation is slow, even with millions of jobs.

Theory of operation. One entry answers both questions about a unique: which job of a function has
it, so that a submission joins that job; and which job of all functions is the newest, which
GET_STATUS_UNIQUE asks. Nearly always one job has the key and is the entry itself. Where jobs of
several functions share the key, the entry is a dictionary from function to job, in the order of the
ids, the newest last.

A dictionary that grows is rehashed, all of it at once. So the keys are spread by their hashes over
many small dictionaries, which do not grow at the same time but by chance.

Costs: each operation looks at one of these dictionaries; now and then one of them, with a 256th of
the keys, is rehashed. No more jobs share a key than there are functions. They are sorted again only
when a restored job is older than they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mypy_extensions import i64

if TYPE_CHECKING:
    from gearman_tx.core.function import Function
    from gearman_tx.core.job import Job

SHARDS: Final = 256
"""The number of dictionaries over which the keys are spread."""

_CHOICE: Final = SHARDS - 1
_UNUSED_BITS: Final = 20  # a dictionary of fewer than a million keys uses the bits below


class UniqueIndex:
    """The newest live job of each function and key. Jobs may come in any order of their ids."""

    __slots__ = ("_shards",)

    def __init__(self) -> None:
        self._shards: list[dict[bytes, Job | dict[Function, Job]]] = [{} for _ in range(SHARDS)]

    def _shard(self, key: bytes) -> dict[bytes, Job | dict[Function, Job]]:
        bits: i64 = hash(key)
        return self._shards[bits >> _UNUSED_BITS & _CHOICE]

    def find(self, function: Function, key: bytes) -> Job | None:
        """Return the job of ``function`` with ``key``, or None."""
        known = self._shard(key).get(key)
        if isinstance(known, dict):
            return known.get(function)
        return known if known is not None and known.function is function else None

    def newest(self, key: bytes) -> Job | None:
        """Return the newest job with ``key`` over all functions, or None."""
        known = self._shard(key).get(key)
        return next(reversed(known.values())) if isinstance(known, dict) else known

    def add(self, key: bytes, job: Job) -> None:
        """Add ``job``; it replaces an older one of its function with ``key``."""
        shard = self._shard(key)
        known = shard.get(key)
        function = job.function
        if known is None:
            shard[key] = job
        elif isinstance(known, dict):
            self._add_to(known, job)
        elif known.function is function:
            if known.id < job.id:
                shard[key] = job
        elif known.id < job.id:
            shard[key] = {known.function: known, function: job}
        else:
            shard[key] = {function: job, known.function: known}

    def _add_to(self, known: dict[Function, Job], job: Job) -> None:
        """Add ``job`` to the jobs that share its key, and keep the order of their ids."""
        function = job.function
        older = known.get(function)
        if older is not None:
            if older.id > job.id:
                return
            del known[function]
        is_newest = next(reversed(known.values())).id < job.id
        known[function] = job
        if not is_newest:
            ordered = sorted(known.values(), key=_id)
            known.clear()
            for each in ordered:
                known[each.function] = each

    def remove(self, key: bytes, job: Job) -> None:
        """Remove ``job``, if it is here."""
        shard = self._shard(key)
        known = shard.get(key)
        if known is job:
            del shard[key]
        elif isinstance(known, dict) and known.get(job.function) is job:
            del known[job.function]
            if len(known) == 1:
                shard[key] = known.popitem()[1]


def _id(job: Job) -> int:
    return job.id
