"""A copy of a queue file in use is the queue as it was at one moment."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from threading import Event, Thread

import pytest

from gearman_tx.core import Batch
from gearman_tx.store import StoreError
from gearman_tx.store.sqlite.backup import backup
from tests.store.files import damage, file_size_limit, ids, queue_file, read_all, zeros
from tests.store.records import limits, record, records


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the path of the queue file."""
    return tmp_path / "queue.sqlite3"


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """Return the path of the copy."""
    return tmp_path / "copy.sqlite3"


def held(path: Path) -> list[int]:
    """Return the ids of the jobs that a server would start with."""
    file = queue_file(path)
    contents = file.open()
    found = ids(read_all(file))
    assert contents.jobs == len(found)
    file.close()
    return found


def test_a_file_in_use(path: Path, target: Path) -> None:
    """The copy is one file with the jobs in the log too, and a server starts on it."""
    file = queue_file(path)
    file.open()
    file.write(Batch(records(range(1, 400)), settings=limits({b"f": (1, 2, 3)})))
    seen: list[tuple[int, int]] = []
    assert backup(path, target, progress=lambda left, total: seen.append((left, total))) == 399
    file.write(Batch([record(400)], finished=[1]))
    file.close()
    assert seen[-1][0] == 0
    assert sorted(target.parent.glob("copy*")) == [target]
    assert target.stat().st_mode & 0o077 == 0
    assert held(target) == list(range(1, 400))
    assert held(path) == list(range(2, 401))


def test_while_a_server_writes(path: Path, target: Path) -> None:
    """The copy is the state between two batches, and the server never waits."""
    file = queue_file(path, busy_seconds=0.0)
    file.open()
    first = records(range(1, 2001), b"x" * 2000)
    file.write(Batch(first))
    batches = 0
    is_over, has_begun = Event(), Event()

    def write() -> None:
        """Store ten jobs and end ten at a time, so that there are always two thousand."""
        nonlocal batches
        while not is_over.is_set():
            start = 10 * batches + 1
            new = records(range(2000 + start, 2010 + start), b"y" * 2000)
            file.write(Batch(new, finished=list(range(start, start + 10))))
            batches += 1
            has_begun.set()

    server = Thread(target=write)
    server.start()
    try:
        for number in range(5):
            assert has_begun.wait(10)
            has_begun.clear()
            copy = target.with_name(f"copy-{number}.sqlite3")
            assert backup(path, copy) == 2000
            found = held(copy)
            assert found == list(range(found[0], found[0] + 2000))
            assert found[0] % 10 == 1
    finally:
        is_over.set()
        server.join()
        file.close()
    assert batches >= 5
    assert len(held(path)) == 2000


def test_a_file_without_a_server(path: Path, target: Path) -> None:
    """A file that no server uses can be copied."""
    file = queue_file(path)
    file.open()
    file.write(Batch(records(range(1, 5))))
    file.close()
    assert backup(path, target) == 4
    assert held(target) == [1, 2, 3, 4]


def test_a_target_that_exists(path: Path, target: Path) -> None:
    """It is not replaced."""
    file = queue_file(path)
    file.open()
    file.close()
    target.write_bytes(b"precious")
    with pytest.raises(StoreError, match="there is such a file already"):
        backup(path, target)
    assert target.read_bytes() == b"precious"


def test_no_queue_file(path: Path, target: Path) -> None:
    """A missing file, one of another program and a damaged one are refused; no copy is left."""
    with pytest.raises(StoreError, match="No such file or directory"):
        backup(path, target)
    assert not path.exists()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE bookmarks (url TEXT)")
    with pytest.raises(StoreError, match="is not a queue file"):
        backup(path, target)
    path.unlink()
    file = queue_file(path)
    file.open()
    file.write(Batch(records(range(1, 400))))
    file.close()
    damage(path, 4, zeros)
    with pytest.raises(StoreError, match=r"damaged|not a database|malformed"):
        backup(path, target)
    with pytest.raises(StoreError, match="No such file or directory"):
        backup(path, target.parent / "nowhere" / "copy.sqlite3")
    assert sorted(target.parent.glob("copy*")) == []


def test_a_full_disk(path: Path, target: Path) -> None:
    """A copy that does not fit is an error, and no part of it is left."""
    file = queue_file(path)
    file.open()
    file.write(Batch(records(range(1, 400), b"x" * 1000)))
    with file_size_limit(100_000), pytest.raises(StoreError, match="cannot copy"):
        backup(path, target)
    assert sorted(target.parent.glob("copy*")) == []
    file.write(Batch([record(500)]))
    file.close()
