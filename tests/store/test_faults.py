"""Queue files on failing disks, and under operators and other processes that interfere."""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from gearman_tx.core import Batch
from gearman_tx.store import StoreError, StoreLostError
from gearman_tx.store.sqlite.queue_file import QueueFile
from tests.store.files import (
    common_user,
    file_size_limit,
    ids,
    locked_by_another_process,
    queue_file,
    read_all,
    small_disk,
    stored,
)
from tests.store.records import changes, record, records

BIG = b"\x5a" * 50_000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the path of the queue file."""
    return tmp_path / "queue.sqlite3"


@pytest.fixture
def file(path: Path) -> Iterator[QueueFile]:
    """Return an open queue file with the jobs 1 and 2."""
    file = queue_file(path)
    file.open()
    file.write(Batch(records(range(1, 3))))
    yield file
    file.close()


def fill(file: QueueFile) -> StoreError:
    """Store large jobs until a batch fails; return the reason."""
    for number in range(1000, 1100):
        try:
            file.write(Batch([record(number, BIG)]))
        except StoreError as error:
            return error
    pytest.fail("the disk was never full")


# ------------------------------------------------------------------------------ the disk


def test_full_disk(tmp_path: Path) -> None:
    """A batch that does not fit is refused as a whole; it is stored when there is room again."""
    with small_disk(tmp_path / "disk", 1000) as disk:
        file = queue_file(disk / "queue.sqlite3")
        file.open()
        file.write(Batch(records(range(1, 3))))
        ballast = disk / "ballast"
        ballast.write_bytes(bytes(400_000))
        error = fill(file)
        assert "cannot write the queue file" in str(error)
        assert "the disk is full (SQLITE_FULL)" in str(error)
        held = ids(read_all(file))
        assert stored(file.path) == held
        with pytest.raises(StoreError, match="the disk is full"):
            file.write(Batch([record(1500, BIG)], changed=changes({1: 1}), finished=held))
        assert ids(read_all(file)) == held, "nothing of the batch was stored"
        ballast.unlink()
        file.write(Batch([record(1500, BIG)], changed=changes({1: 1}), finished=held[1:]))
        assert [(job.id, job.losses) for job in read_all(file)] == [(1, 1), (1500, 0)]
        file.close()


def test_disk_full_at_the_start(tmp_path: Path) -> None:
    """Without room for a new file the error is one clear line."""
    with small_disk(tmp_path / "disk", 40) as disk:
        disk.joinpath("ballast").write_bytes(bytes(20_000))
        with pytest.raises(StoreError, match="the disk is full") as caught:
            queue_file(disk / "queue.sqlite3").open()
        assert "\n" not in str(caught.value)


def test_a_small_disk_is_used_again(tmp_path: Path) -> None:
    """Many times the size of the disk goes through a queue that is never long."""
    with small_disk(tmp_path / "disk", 1000) as disk:
        file = queue_file(disk / "queue.sqlite3")
        file.open()
        for number in range(1, 200):
            file.write(Batch([record(number, BIG)], finished=[number - 2]))
            if number == 5:
                file.tend()
        assert ids(read_all(file)) == [198, 199]
        file.close()


def test_input_output_error(file: QueueFile) -> None:
    """A batch fails with an error of the disk; older jobs stay, and later batches succeed."""
    with file_size_limit(300_000):
        error = fill(file)
    assert re.search(r"reading or writing the disk failed \(SQLITE_IOERR\w*\)", str(error))
    held = ids(read_all(file))
    file.write(Batch([record(2000, BIG)]))
    assert ids(read_all(file)) == [*held, 2000]


def test_a_job_larger_than_sqlite_takes(file: QueueFile) -> None:
    """A workload above SQLite's limit of 1,000,000,000 bytes is refused; later batches succeed."""
    huge = b"x" * 1_000_000_001
    with pytest.raises(StoreError, match="too big"):
        file.write(Batch([record(3, huge)]))
    with pytest.raises(StoreError, match=r"cannot write the queue file .* too large"):
        file.write(Batch([record(3, losses=2**63)]))
    file.write(Batch([record(4)]))
    assert ids(read_all(file)) == [1, 2, 4]


# ------------------------------------------------------------------------- other processes


def test_lock_of_another_process(file: QueueFile) -> None:
    """A batch waits for another process's lock, then is refused; later it succeeds."""
    with locked_by_another_process(file.path):
        with pytest.raises(StoreError, match=r"another process holds its lock \(SQLITE_BUSY\)"):
            file.write(Batch([record(3)]))
        with pytest.raises(StoreError, match="another process holds its lock"):
            file.write(Batch([record(3)]))
    file.write(Batch([record(3)]))
    assert ids(read_all(file)) == [1, 2, 3]


def test_an_empty_batch_tests_the_file(file: QueueFile) -> None:
    """It fails while another process holds the lock; when it succeeds, it changes no job."""
    with locked_by_another_process(file.path), pytest.raises(StoreError, match="holds its lock"):
        file.write(Batch())
    file.write(Batch())
    assert ids(read_all(file)) == [1, 2]


def test_locked_at_the_start(path: Path) -> None:
    """The error about a locked file is one clear line; the file opens when it is unlocked."""
    queue = queue_file(path)
    queue.open()
    queue.close()
    with locked_by_another_process(path):
        again = queue_file(path)
        with pytest.raises(StoreError, match="another process holds its lock"):
            again.open()
    again.open()
    again.close()


def test_a_reader_beside_the_server(file: QueueFile) -> None:
    """A long reading transaction of another process delays no batch."""
    with closing(sqlite3.connect(file.path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM job").fetchone() == (2,)
        file.write(Batch([record(3)]))
        assert reader.execute("SELECT count(*) FROM job").fetchone() == (2,)
    assert stored(file.path) == [1, 2, 3]


# ------------------------------------------------------------------------------- operators


@pytest.mark.parametrize("suffixes", [("",), ("", "-wal"), ("", "-wal", "-shm", ".lock")])
def test_deleted_file(file: QueueFile, suffixes: tuple[str, ...]) -> None:
    """The next batch notices a deleted file, and a new one is created."""
    for suffix in suffixes:
        Path(f"{file.path}{suffix}").unlink()
    with pytest.raises(StoreLostError, match=r"is gone: a new queue file is created"):
        file.write(Batch([record(3)]))
    file.write(Batch(records(range(1, 4))))
    assert ids(read_all(file)) == stored(file.path) == [1, 2, 3]
    with pytest.raises(StoreError, match="another job server"):
        queue_file(file.path).open()


def test_deleted_log(file: QueueFile) -> None:
    """The next batch notices a deleted log, whose contents a crash would lose."""
    Path(f"{file.path}-wal").unlink()
    with pytest.raises(StoreLostError, match="-wal is gone"):
        file.write(Batch([record(3)]))
    file.write(Batch(records(range(1, 4))))
    assert stored(file.path) == [1, 2, 3]


def test_deleted_file_is_noticed_by_tending(file: QueueFile) -> None:
    """Housekeeping notices a deleted file without any commit."""
    file.path.unlink()
    with pytest.raises(StoreLostError, match="is gone"):
        file.tend()
    file.write(Batch(records(range(1, 3))))
    assert stored(file.path) == [1, 2]


def test_ids_after_a_deleted_file(file: QueueFile, path: Path) -> None:
    """No id is given again after the file was deleted and the server crashed."""
    ids = file.reserve()
    file.path.unlink()
    with pytest.raises(StoreLostError):
        file.write(Batch())
    file.write(Batch([record(ids.stop - 1)], finished=[ids.stop - 1]))
    crashed = path.with_name("crashed.sqlite3")
    for suffix in ("", "-wal"):
        shutil.copyfile(f"{path}{suffix}", f"{crashed}{suffix}")
    again = queue_file(crashed)
    assert again.open().ids.start >= ids.stop
    again.close()


def test_ids_after_a_file_was_deleted_between_two_starts(path: Path) -> None:
    """A notice says that the file was gone at the start, and its ids are not given again."""
    for _ in range(2):
        queue = queue_file(path)
        contents = queue.open()
        given = contents.ids.start + 1000
        queue.write(Batch())
        queue.close()
        path.unlink()
    queue = queue_file(path)
    contents = queue.open()
    assert contents.ids.start >= given
    assert list(contents.notices) == [
        f"the queue file {path} was gone or empty, a new one was created"
    ]
    queue.close()


def test_replaced_file(file: QueueFile, path: Path) -> None:
    """A file that replaced ours is set aside unchanged, and a new one is created."""
    other = queue_file(path.with_name("other.sqlite3"))
    other.open()
    other.write(Batch([record(8)]))
    other.close()
    other.path.rename(path)
    with pytest.raises(StoreLostError, match="was replaced by another file"):
        file.write(Batch([record(3)]))
    file.write(Batch(records(range(1, 4))))
    assert stored(path) == [1, 2, 3]
    assert stored(path.with_name("queue.sqlite3.replaced-1")) == [8]


def test_deleted_folder(tmp_path: Path) -> None:
    """While the folder is gone all batches fail; when it is back a new file is created."""
    folder = tmp_path / "folder"
    folder.mkdir()
    file = queue_file(folder / "queue.sqlite3")
    file.open()
    file.write(Batch([record(1)]))
    shutil.rmtree(folder)
    for _ in range(2):
        with pytest.raises(StoreError, match="cannot be written: No such file or directory"):
            file.write(Batch([record(2)]))
    folder.mkdir()
    with pytest.raises(StoreLostError, match="is gone"):
        file.write(Batch([record(2)]))
    file.write(Batch(records(range(1, 3))))
    assert stored(file.path) == [1, 2]
    file.close()


def test_stolen_lock(file: QueueFile) -> None:
    """When the lock file is deleted and a second server starts, only one of the two goes on."""
    Path(f"{file.path}.lock").unlink()
    second = queue_file(file.path)
    second.open()
    with pytest.raises(StoreError, match="another job server uses the queue file"):
        file.write(Batch([record(3)]))
    second.write(Batch([record(4)]))
    second.close()
    file.write(Batch([record(3)]))


def test_read_only_file() -> None:
    """A file that cannot be written is refused in one line that says so."""
    with common_user() as folder:
        path = folder / "queue.sqlite3"
        queue = queue_file(path)
        queue.open()
        queue.close()
        path.chmod(0o400)
        with pytest.raises(StoreError) as caught:
            queue_file(path).open()
        assert str(caught.value) == f"cannot open the queue file {path}: Permission denied"


def test_read_only_folder() -> None:
    """A folder that cannot be written is refused in one line that says so."""
    with common_user() as folder:
        path = folder / "queue.sqlite3"
        folder.chmod(0o500)
        with pytest.raises(StoreError) as caught:
            queue_file(path).open()
        text = f"the queue file {path} needs {path}.lock beside it, which cannot be written"
        assert str(caught.value) == f"{text}: Permission denied"
        folder.chmod(0o700)


def test_folder_that_became_read_only() -> None:
    """A folder in which no log can be created is refused, even if its files can be written."""
    with common_user() as folder:
        path = folder / "queue.sqlite3"
        queue = queue_file(path)
        queue.open()
        queue.close()
        folder.chmod(0o500)
        with pytest.raises(StoreError, match=r"cannot open the queue file .* it is read-only"):
            queue_file(path).open()
        folder.chmod(0o700)


def test_no_folder_and_no_file(tmp_path: Path) -> None:
    """A path in a missing folder, and the path of a folder, are refused."""
    with pytest.raises(StoreError, match="No such file or directory"):
        queue_file(tmp_path / "nowhere" / "queue.sqlite3").open()
    with pytest.raises(StoreError, match="Is a directory"):
        queue_file(tmp_path).open()
    assert list(tmp_path.iterdir()) == [], "and no lock file is left behind"


def test_a_folder_that_cannot_be_examined() -> None:
    """A file that cannot be examined does not count as lost: batches fail until it can be."""
    with common_user() as folder:
        queue = queue_file(folder / "queue.sqlite3")
        queue.open()
        queue.write(Batch([record(1)]))
        folder.chmod(0)
        for _ in range(2):
            with pytest.raises(StoreError, match="Permission denied") as caught:
                queue.write(Batch([record(2)]))
            assert not isinstance(caught.value, StoreLostError)
        folder.chmod(0o700)
        queue.write(Batch([record(2)]))
        assert ids(read_all(queue)) == [1, 2]
        queue.close()


def test_permissions(file: QueueFile) -> None:
    """Only the owner can read the queue file, its log and its lock."""
    for name in file.path.parent.iterdir():
        assert name.stat().st_mode & 0o077 == 0, name
