"""Reading a damaged file never raises an error and invents no job."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gearman_tx.core import Batch, JobRecord
from gearman_tx.store.sqlite.salvage.pages import DamagedPages
from gearman_tx.store.sqlite.salvage.queue_reader import QueueReader
from gearman_tx.store.sqlite.schema import PAGE_SIZE
from tests.store.files import queue_file
from tests.store.records import any_record, limits, records

HEADER = b"SQLite format 3\0"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder for all examples."""
    return tmp_path_factory.mktemp("damaged")


@pytest.fixture(scope="module")
def whole(folder: Path) -> bytes:
    """Return a sound file with inner pages, long workloads, limits and free pages."""
    file = queue_file(folder / "whole.sqlite3")
    file.open()
    jobs = records(range(1, 200)) + records(range(200, 210), b"long" * 5000)
    file.write(Batch(jobs, settings=limits({b"f": (1, 2, 3)})))
    file.write(Batch(finished=list(range(100, 205))))
    file.close()
    return file.path.read_bytes()


def read(path: Path, content: bytes) -> tuple[QueueReader, list[JobRecord]]:
    """Write ``content`` into a file and read it."""
    path.write_bytes(content)
    with closing(QueueReader(path)) as damaged:
        return damaged, list(damaged.jobs(lambda _: None))


def test_a_whole_file(folder: Path, whole: bytes) -> None:
    """All jobs and settings of a sound file are read."""
    damaged, found = read(folder / "read.sqlite3", whole)
    jobs = records(range(1, 100)) + records(range(205, 210), b"long" * 5000)
    assert sorted(found) == jobs
    assert damaged.settings == [(b"f", "max_queue", "[1, 2, 3]")]
    assert damaged.next_id > 1000


@given(data=st.data())
def test_any_job(folder: Path, data: st.DataObject) -> None:
    """All values that a job may have are read as they were written."""
    numbers = data.draw(st.lists(st.integers(1, 2**63 - 1), min_size=1, max_size=5, unique=True))
    jobs = [data.draw(any_record(number)) for number in sorted(numbers)]
    path = folder / "any.sqlite3"
    for suffix in ("", "-wal", "-shm", ".lock"):
        Path(f"{path}{suffix}").unlink(missing_ok=True)
    file = queue_file(path)
    file.open()
    file.write(Batch(jobs))
    file.close()
    _, found = read(path, path.read_bytes())
    assert sorted(found, key=lambda job: job.id) == jobs


@given(st.binary(max_size=3 * PAGE_SIZE))
def test_any_bytes(folder: Path, content: bytes) -> None:
    """There is no job in random bytes."""
    assert read(folder / "garbage.sqlite3", content)[1] == []


@given(seed=st.integers(0, 2**32), count=st.integers(1, 300))
def test_any_damage(folder: Path, whole: bytes, seed: int, count: int) -> None:
    """Random changes lose jobs, but raise no error and give no invalid job."""
    dice = random.Random(seed)
    content = bytearray(whole)
    for _ in range(count):
        content[dice.randrange(len(content))] = dice.randrange(256)
    _, found = read(folder / "changed.sqlite3", bytes(content))
    assert all(isinstance(value, bytes) for job in found for value in job[1:4])
    assert all(job.id > 0 for job in found)


def change(place: int, value: bytes) -> Callable[[bytes], bytes]:
    """Return a function that writes ``value`` at ``place``."""
    return lambda content: content[:place] + value + content[place + len(value) :]


@pytest.mark.parametrize(
    "how",
    [
        change(16, b"\x00\x00"),
        change(16, b"\x03\x00"),
        change(16, b"\x00\x01"),
        change(32, b"\x00\x00\x00\x01"),
        change(32, b"\x7f\xff\xff\xff"),
        change(36, b"\x00\x00\xff\xff"),
    ],
    ids=["no size", "odd size", "huge size", "own trunk", "no trunk", "wrong count"],
)
def test_a_wrong_header(folder: Path, whole: bytes, how: Callable[[bytes], bytes]) -> None:
    """An impossible page size, or a wrong list of free pages, is ignored."""
    _, found = read(folder / "header.sqlite3", how(whole))
    if how(whole)[16:18] != b"\x00\x01":
        assert {job.id for job in found} == {*range(1, 100), *range(205, 210)}


def test_a_damaged_list_of_free_pages(folder: Path, whole: bytes) -> None:
    """If the list of free pages is damaged, the tree shows which pages are in use."""
    (trunk,) = (int.from_bytes(whole[32:36], "big"),)
    start = (trunk - 1) * PAGE_SIZE
    for damage in (b"\x00\x00\x00\x00\xff\xff\xff\xff", b"\x00\x00\x00\x00\x00\x00\x00\x01"):
        content = change(start, damage)(whole)
        path = folder / "free.sqlite3"
        _, found = read(path, content)
        assert {job.id for job in found} == {*range(1, 100), *range(205, 210)}
        with closing(DamagedPages(path)) as pages:
            assert pages.free() is None


def test_an_unreadable_disk(folder: Path, whole: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that the disk cannot read is left out."""

    def fail(_file: int, _size: int, _start: int) -> bytes:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("os.pread", fail)
    assert read(folder / "sector.sqlite3", whole)[1] == []
