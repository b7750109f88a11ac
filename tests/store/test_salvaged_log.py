"""A salvage also reads the write-ahead log of a damaged or lost queue file."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from gearman_tx.core import Batch
from gearman_tx.store.sqlite.queue_file import QueueFile
from gearman_tx.store.sqlite.schema import ROOT_OF_JOBS
from tests.store.files import damage, ids, queue_file, zeros
from tests.store.records import changes, limits, record, records
from tests.store.test_salvage import LIMITS, ROWS_A_PAGE, make, opened


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the path of the queue file."""
    return tmp_path / "queue.sqlite3"


def log_of(file: QueueFile) -> Path:
    """Return a copy of which only the log is left, as after a crash now."""
    copy = file.path.with_name("crashed.sqlite3")
    copy.write_bytes(b"")
    shutil.copyfile(f"{file.path}-wal", f"{copy}-wal")
    Path(f"{copy}.lock").touch()
    return copy


@pytest.mark.parametrize("is_gone", [True, False])
def test_only_the_log_is_left(path: Path, is_gone: bool) -> None:
    """The jobs in the log are kept, up to its last complete transaction."""
    file = queue_file(path)
    file.open()
    file.write(Batch(records(range(1, 301)), settings=limits(LIMITS)))
    file.write(Batch(records(range(301, 401)), finished=list(range(1, 51))))
    copy = log_of(file)
    if is_gone:
        copy.unlink()
    file.close()
    contents, found = opened(copy)
    assert ids(found) == list(range(51, 401))
    assert contents.settings == limits(LIMITS)
    assert "it is empty, but its log is not" in contents.notices[0]


def test_a_torn_end_of_the_log(path: Path) -> None:
    """An incomplete transaction at the end of the log has no effect."""
    file = queue_file(path)
    file.open()
    file.write(Batch(records(range(1, 401))))
    size = Path(f"{path}-wal").stat().st_size
    file.write(Batch(changed=changes({2: 2}), finished=list(range(1, 401, 2))))
    copy = log_of(file)
    file.close()
    log = Path(f"{copy}-wal")
    content = log.read_bytes()
    log.write_bytes(content[: size + 6000] + bytes(2000) + content[size + 8000 :])
    _, found = opened(copy)
    assert found == records(range(1, 401))


def test_a_log_that_started_over(path: Path) -> None:
    """Older frames in the log are not read, because their checksums do not match."""
    file = queue_file(path)
    file.open()
    file.write(Batch(records(range(1, 401))))
    file.tend()  # copies the log into the file, so that it starts over
    file.write(Batch([record(401)]))
    copy = log_of(file)
    file.close()
    _, found = opened(copy)
    assert 401 in ids(found)
    assert len(found) < 2 * ROWS_A_PAGE


def test_pages_removed_by_the_log(path: Path) -> None:
    """Pages that a vacuum removed are not read from an older part of the log."""
    file = queue_file(path)
    file.open()
    file.write(Batch(records(range(1, 401), b"z" * 500)))
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("DELETE FROM job WHERE id > 40")
        other.executescript("PRAGMA incremental_vacuum")
        copy = log_of(file)
    file.close()
    _, found = opened(copy)
    assert ids(found) == list(range(1, 41))


@pytest.mark.parametrize("place", [0, 8, 24, 40])
def test_a_damaged_log(path: Path, place: int) -> None:
    """A log with a damaged header or first frame has no jobs; the server says so and goes on."""
    file = queue_file(path)
    file.open()
    file.write(Batch(records(range(1, 401))))
    copy = log_of(file)
    file.close()
    log = Path(f"{copy}-wal")
    content = log.read_bytes()
    log.write_bytes(content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :])
    contents, found = opened(copy)
    assert found == []
    assert "0 jobs could be read" in contents.notices[0]
    assert contents.ids.start > 1_600_000_000_000_000


@pytest.mark.parametrize("size", [0, 20, 32, 40, 5000])
def test_a_file_that_is_no_log(path: Path, size: int) -> None:
    """A log that is too short, or random, is ignored."""
    make(path, records(range(1, 401)))
    damage(path, ROOT_OF_JOBS, zeros)
    Path(f"{path}-wal").write_bytes(bytes(range(256)) * 20 if size == 5000 else bytes(size))
    _, found = opened(path)
    assert len(found) == 400
