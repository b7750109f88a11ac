"""The size of a queue file follows its contents, not all jobs that ever went through it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from gearman_tx.core import Batch
from gearman_tx.store.sqlite.opening import LOG_KEPT, LOG_PAGES
from gearman_tx.store.sqlite.queue_file import QueueFile
from gearman_tx.store.sqlite.schema import PAGE_SIZE
from gearman_tx.store.sqlite.vacuum import VACUUM_PAGES
from tests.store.files import ids, queue_file, read_all
from tests.store.records import records

BATCH = 200
WORKLOAD = b"x" * 500


@pytest.fixture
def file(tmp_path: Path) -> Iterator[QueueFile]:
    """Return an open queue file that does not wait for the disk."""
    file = queue_file(tmp_path / "queue.sqlite3", synchronous="NORMAL")
    file.open()
    yield file
    file.close()


def size_of(file: QueueFile) -> int:
    """Return the bytes of the file without its log."""
    file.tend()
    return file.path.stat().st_size


def pass_through(file: QueueFile, start: int, batches: int, behind: int) -> int:
    """Store jobs and end each ``behind`` batches later; return the next id."""
    for _ in range(batches):
        old = start - behind * BATCH
        ended = list(range(max(old, 1), max(old + BATCH, 1)))
        file.write(Batch(records(range(start, start + BATCH), WORKLOAD), finished=ended))
        start += BATCH
    return start


def test_a_steady_queue_does_not_grow(file: QueueFile) -> None:
    """After twenty times as many jobs the file is no larger."""
    next_id = pass_through(file, 1, 30, behind=20)
    before = size_of(file)
    next_id = pass_through(file, next_id, 600, behind=20)
    assert size_of(file) < before * 1.3
    assert ids(read_all(file)) == list(range(next_id - 20 * BATCH, next_id))


def test_a_few_old_jobs(file: QueueFile) -> None:
    """Delayed jobs that stay keep at most their own pages."""
    jobs = records(range(1, 20_001), WORKLOAD)
    file.write(Batch(jobs))
    stay = list(range(1, 20_001, 100))
    file.write(Batch(finished=sorted(set(range(1, 20_001)) - set(stay))))
    while file.tend():
        pass
    assert size_of(file) <= (len(stay) + VACUUM_PAGES + 50) * PAGE_SIZE
    assert ids(read_all(file)) == stay


def test_free_pages_are_returned(file: QueueFile) -> None:
    """After a burst the free pages go back to the disk in steps, and no job is lost."""
    file.write(Batch(records(range(1, 40_001), WORKLOAD)))
    full = size_of(file)
    assert full > 4 * VACUUM_PAGES * PAGE_SIZE // 2
    file.write(Batch(finished=list(range(1, 39_901))))
    pieces = 0
    while file.tend():
        pieces += 1
    assert pieces >= 1
    assert size_of(file) < full / 2
    assert ids(read_all(file)) == list(range(39_901, 40_001))
    log = Path(f"{file.path}-wal")
    assert log.stat().st_size <= 64 * 1024 * 1024


def test_closing_returns_free_pages(tmp_path: Path) -> None:
    """A server that stops leaves a file without the free pages of a burst, and no log."""
    file = queue_file(tmp_path / "queue.sqlite3", synchronous="NORMAL")
    file.open()
    file.write(Batch(records(range(1, 40_001), WORKLOAD)))
    file.write(Batch(finished=list(range(1, 40_001))))
    file.close()
    assert file.path.stat().st_size <= (VACUUM_PAGES + 50) * PAGE_SIZE
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "queue.sqlite3",
        "queue.sqlite3.lock",
    ]


def log_of(file: QueueFile) -> int:
    """Return the bytes of the log of a file."""
    return Path(f"{file.path}-wal").stat().st_size


def test_the_log_starts_over_under_load(file: QueueFile) -> None:
    """The log stays small without housekeeping while many times its size is written."""
    largest, next_id, written = 0, 1, 0
    for _ in range(400):
        next_id = pass_through(file, next_id, 1, behind=5)
        largest = max(largest, log_of(file))
        written += BATCH * len(WORKLOAD)
    assert written > 2 * LOG_PAGES * PAGE_SIZE, "each job is in the log at least once"
    assert largest < 1.2 * LOG_PAGES * PAGE_SIZE


def test_a_reader_that_stays(file: QueueFile) -> None:
    """While it reads, the log only grows, which its size shows; afterwards it is small again."""
    next_id = pass_through(file, 1, 1, behind=5)
    reader = sqlite3.connect(file.path, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM job").fetchone()
    while log_of(file) < LOG_KEPT + 10 * LOG_PAGES * PAGE_SIZE // 4:
        next_id = pass_through(file, next_id, 10, behind=5)
    file.tend()
    assert file.log_size == log_of(file) > LOG_KEPT
    reader.close()
    next_id = pass_through(file, next_id, 1, behind=5)
    file.tend()
    next_id = pass_through(file, next_id, 1, behind=5)
    file.tend()
    assert file.log_size <= LOG_KEPT
    assert len(read_all(file)) == 5 * BATCH
