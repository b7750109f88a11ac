"""Every live job, by its handle; no operation is slow, even with millions of jobs.

Theory of operation. A dictionary of all handles would be rehashed now and then, all of it at once:
with three million jobs that takes some hundred milliseconds in which the server answers no peer.
Instead, the index relies on the job's id, which ends the handle: the digits at the end of a handle
lead to the one job that may have it, and the index compares that job's handle. The comparison
settles leading zeros, signs and other prefixes as well.

A block holds the jobs whose ids differ in their last seven bits only. A block with many live jobs
is *full*: a list with a place for each id. A block with few is *thin*: a list of these jobs alone,
searched one by one, so that a job which outlives all its neighbours does not keep a full list.
The table of blocks is a dictionary with one entry for each block that has a live job: one for 128
jobs when a million of them wait.

Jobs may come in any order of their ids. New jobs come in ascending order, which is the fast case;
jobs restored from a store need not.

A stored handle that another program made need not end in the id of its job. An ordinary dictionary,
nearly always empty, holds such handles.

Costs: each operation looks at one block. A block that turns full or thin is rewritten once, which
happens at most once for every five jobs that come or go. A walk over all jobs sorts the numbers of
the blocks first, and then copies the jobs of one block at a time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mypy_extensions import i64, mypyc_attr

from gearman_tx.core.states import ENDED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gearman_tx.core.job import Job

_BITS: Final = 7
BLOCK_SIZE: Final = 1 << _BITS
"""How many ids share a block."""

_PLACE: Final = BLOCK_SIZE - 1  # the bits of an id that are its place in a full block

MOST_THIN: Final = 8
"""The most jobs that a thin block has; one more makes it full."""

LEAST_FULL: Final = 4
"""A full block with only so many jobs left turns thin. Less than above, against flapping."""

_MOST_DIGITS: Final = 19  # of 2**63 - 1, the largest id that a store must hold


_ZERO: Final = ord("0")
_NINE: Final = ord("9")


@mypyc_attr(acyclic=True)  # jobs do not know their blocks
class _Block:
    """The live jobs of 128 neighbouring ids.

    Attributes:
        jobs: in a full block, a place for each id; in a thin one, the jobs in the order of their
            ids.
        live: how many jobs it has.
    """

    __slots__ = ("jobs", "live")

    def __init__(self) -> None:
        self.jobs: list[Job | None] = []
        self.live = 0

    def find(self, number: int) -> Job | None:
        """Return the job whose id is ``number``, or None."""
        jobs = self.jobs
        if len(jobs) == BLOCK_SIZE:
            return jobs[number & _PLACE]
        for job in jobs:
            if job is not None and job.id == number:
                return job
        return None

    def add(self, job: Job) -> None:
        """Add a job."""
        self.live += 1
        jobs = self.jobs
        if len(jobs) == BLOCK_SIZE:
            jobs[job.id & _PLACE] = job
            return
        place = len(jobs)
        while place and (before := jobs[place - 1]) is not None and before.id > job.id:
            place -= 1
        jobs.insert(place, job)
        if self.live > MOST_THIN:
            few, self.jobs = self.jobs, [None] * BLOCK_SIZE
            for known in few:
                assert known is not None, "a thin block has no gaps"
                self.jobs[known.id & _PLACE] = known

    def remove(self, job: Job) -> None:
        """Remove a job of this block."""
        self.live -= 1
        if len(self.jobs) < BLOCK_SIZE:
            self.jobs.remove(job)
            return
        self.jobs[job.id & _PLACE] = None
        if self.live == LEAST_FULL:
            self.jobs = [known for known in self.jobs if known is not None]


class JobIndex:
    """All live jobs. No id is added twice."""

    __slots__ = ("_blocks", "_largest", "_last", "_last_number", "_odd", "_size")

    def __init__(self) -> None:
        self._blocks: dict[int, _Block] = {}
        self._last: _Block | None = None  # the block of the job added last
        self._last_number = 0
        self._odd: dict[bytes, Job] = {}  # jobs whose handles do not end in their ids
        self._largest = 0  # of all ids ever added
        self._size = 0

    def __len__(self) -> int:
        """Return how many jobs there are."""
        return self._size

    def __iter__(self) -> Iterator[Job]:
        """Yield the jobs in the order of their ids; jobs may come and go meanwhile.

        Jobs that end before their turn are left out, and so are jobs that are newer than the walk.
        """
        return self._walk(sorted(self._blocks), self._largest)

    def _walk(self, numbers: list[int], largest: int) -> Iterator[Job]:
        """Yield the jobs of these blocks whose ids are not above ``largest``."""
        for number in numbers:
            block = self._blocks.get(number)
            if block is None:
                continue
            for job in block.jobs.copy():
                if job is not None and job.state != ENDED and job.id <= largest:
                    yield job

    def get(self, handle: bytes) -> Job | None:
        """Return the job called ``handle``, or None."""
        # The number at the end of the handle; 0 without one, which the comparison finds out.
        end: i64 = len(handle)
        number: i64 = 0
        scale: i64 = 1
        for place in range(end - 1, max(end - _MOST_DIGITS, 0) - 1, -1):
            digit: i64 = handle[place]
            if digit < _ZERO or digit > _NINE:
                break
            number += (digit - _ZERO) * scale
            scale *= 10
        block = self._blocks.get(number >> _BITS)
        if block is not None:
            job = block.find(number)
            if job is not None and job.handle == handle:
                return job
        return self._odd.get(handle)

    def add(self, job: Job) -> None:
        """Add a job whose handle ends in its id."""
        self._largest = max(self._largest, job.id)
        self._size += 1
        number = job.id >> _BITS
        block = self._last
        if block is None or number != self._last_number:
            block = self._last = self._blocks.setdefault(number, _Block())
            self._last_number = number
        block.add(job)

    def restore(self, job: Job) -> None:
        """Add a stored job, whose handle may have any form."""
        self.add(job)
        if self.get(job.handle) is not job:
            self._odd[job.handle] = job

    def remove(self, job: Job) -> None:
        """Remove a job of this index."""
        number = job.id >> _BITS
        block = self._blocks[number]
        block.remove(job)
        if not block.live:
            del self._blocks[number]
            if block is self._last:
                self._last = None
        self._size -= 1
        if self._odd and self._odd.get(job.handle) is job:
            del self._odd[job.handle]
