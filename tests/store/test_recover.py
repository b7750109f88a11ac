"""A damaged queue file is recovered without a server, in its place or into another file."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from gearman_tx.core import Batch, FunctionSettings
from gearman_tx.store import StoreError, recover
from gearman_tx.store.sqlite.schema import PAGE_SIZE, ROOT_OF_JOBS
from tests.store.files import common_user, damage, ids, queue_file, read_all, small_disk, zeros
from tests.store.records import records
from tests.store.test_salvage import LIMITS, make, opened

JOBS = records(range(1, 401))
SETTINGS = {name: FunctionSettings(limits) for name, limits in LIMITS.items()}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a sound queue file."""
    path = tmp_path / "queue.sqlite3"
    make(path, JOBS)
    return path


@pytest.fixture
def damaged(path: Path) -> Path:
    """Return a queue file whose tree of jobs has no root."""
    damage(path, ROOT_OF_JOBS, zeros)
    return path


def test_in_its_place(damaged: Path) -> None:
    """The new file has every job and setting, and a server starts on it without a notice."""
    before = damaged.read_bytes()
    done = recover(damaged)
    assert (done.path, done.jobs) == (damaged, 400)
    assert done.damage
    assert done.aside == damaged.with_name("queue.sqlite3.damaged-1")
    assert done.aside.read_bytes() == before
    contents, found = opened(damaged)
    assert found == JOBS
    assert dict(contents.settings) == SETTINGS
    assert list(contents.notices) == []


def test_a_sound_file(path: Path, tmp_path: Path) -> None:
    """It is not changed, and nothing is left beside it."""
    before = path.read_bytes(), sorted(tmp_path.iterdir())
    done = recover(path)
    assert (done.jobs, done.damage, done.aside) == (400, "", None)
    assert (path.read_bytes(), sorted(tmp_path.iterdir())) == before


@pytest.mark.parametrize("is_damaged", [True, False])
def test_into_another_file(path: Path, tmp_path: Path, *, is_damaged: bool) -> None:
    """The new file has the jobs; the queue file and its folder are not changed."""
    if is_damaged:
        damage(path, ROOT_OF_JOBS, zeros)
    before = path.read_bytes(), sorted(tmp_path.iterdir())
    new = tmp_path / "new" / "recovered.sqlite3"
    new.parent.mkdir()
    done = recover(path, new)
    assert (done.path, done.jobs, done.aside) == (new, 400, None)
    assert list(new.parent.iterdir()) == [new]
    new.rename(tmp_path / "new.sqlite3")
    new.parent.rmdir()
    assert opened(tmp_path / "new.sqlite3")[1] == JOBS
    for suffix in ("", ".lock"):
        (tmp_path / f"new.sqlite3{suffix}").unlink()
    assert (path.read_bytes(), sorted(tmp_path.iterdir())) == before


def test_the_log_of_a_killed_server(path: Path, tmp_path: Path) -> None:
    """Jobs that are only in the log are copied too, and the log is not changed."""
    file = queue_file(path)
    ids_ = file.open().ids
    file.write(Batch(records(range(ids_.start, ids_.start + 10))))
    copy, log = tmp_path / "killed.sqlite3", tmp_path / "killed.sqlite3-wal"
    shutil.copyfile(path, copy)
    shutil.copyfile(f"{path}-wal", log)
    file.close()
    before = copy.read_bytes(), log.read_bytes()
    assert recover(copy, tmp_path / "new.sqlite3").jobs == 410
    assert (copy.read_bytes(), log.read_bytes()) == before
    assert recover(copy).jobs == 410


@pytest.mark.parametrize("has_target", [True, False])
def test_only_the_log_is_left(path: Path, tmp_path: Path, *, has_target: bool) -> None:
    """A file that is gone is recovered from its log; with a target nothing else is made."""
    file = queue_file(path)
    file.open()
    file.write(Batch(changed=[], finished=ids(JOBS)))
    file.write(Batch(JOBS))
    copy = tmp_path / "gone.sqlite3"
    shutil.copyfile(f"{path}-wal", f"{copy}-wal")
    file.close()
    Path(f"{copy}.lock").touch()
    if has_target:
        done = recover(copy, new := tmp_path / "new.sqlite3")
        assert (done.path, done.damage) == (new, "")
        assert not copy.exists()
        assert done.jobs == len(opened(new)[1])
    else:
        done = recover(copy)
        assert done.damage == "it is empty, but its log is not"
    assert done.jobs > 300


def test_only_the_log_of_another_program_is_left(path: Path, tmp_path: Path) -> None:
    """Without the file and its lock it is not known to be a queue file."""
    gone = tmp_path / "gone.sqlite3"
    shutil.copyfile(path, f"{gone}-wal")
    with pytest.raises(StoreError, match=r"gone.sqlite3 is not a queue file"):
        recover(gone, tmp_path / "new.sqlite3")
    assert not gone.exists()


def test_progress(damaged: Path, tmp_path: Path) -> None:
    """It is reported in pages."""
    path = tmp_path / "large.sqlite3"
    make(path, records(range(1, 3001), bytes(3000)))
    pages = path.stat().st_size // PAGE_SIZE
    for target, first in ((tmp_path / "new.sqlite3", 1000), (None, 0)):
        seen: list[tuple[int, int]] = []
        recover(path, target, progress=lambda done, total, seen=seen: seen.append((done, total)))  # type: ignore[misc]  # a default binds the list
        assert seen[0] == (first, pages)
    assert damaged.exists()


def test_an_interrupted_recovery(path: Path) -> None:
    """A complete new file without its name gets its name."""
    path.rename(path.with_name("queue.sqlite3.salvage"))
    assert recover(path).jobs == 400
    assert path.exists()


def test_a_server_uses_the_file(path: Path, tmp_path: Path) -> None:
    """The file is refused, in its place and into another file."""
    file = queue_file(path)
    file.open()
    for into in (None, tmp_path / "new.sqlite3"):
        with pytest.raises(
            StoreError, match=r"another job server uses the queue file .* is locked"
        ):
            recover(path, into)
    assert ids(read_all(file)) == ids(JOBS)
    file.close()


def other_program(path: Path) -> None:
    """Create a SQLite file of another program."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE bookmarks (url TEXT)")


@pytest.mark.parametrize(
    ("make_file", "why"),
    [
        (lambda _: None, "other: No such file or directory"),
        (Path.mkdir, "other: Is a directory"),
        (lambda path: path.write_bytes(b""), "other is"),
        (lambda path: path.write_bytes(b"root:x:0:0" * 1000), "other is not a queue file"),
        (other_program, "other is not a queue file"),
    ],
    ids=["missing", "folder", "empty", "text", "other program"],
)
@pytest.mark.parametrize("has_target", [True, False])
def test_no_queue_file(
    tmp_path: Path,
    make_file: Callable[[Path], object],
    why: str,
    *,
    has_target: bool,
) -> None:
    """The error says so, and no file is created or changed."""
    path = tmp_path / "other"
    make_file(path)
    before = sorted(tmp_path.iterdir())
    content = path.read_bytes() if path.is_file() else None
    with pytest.raises(StoreError, match=why):
        recover(path, tmp_path / "new" if has_target else None)
    assert sorted(tmp_path.iterdir()) == before
    assert content is None or path.read_bytes() == content


def test_a_target_that_exists(damaged: Path, tmp_path: Path) -> None:
    """It is not overwritten."""
    target = tmp_path / "target"
    target.write_text("precious")
    with pytest.raises(StoreError, match=r"target: there is such a file already"):
        recover(damaged, target)
    assert target.read_text() == "precious"


@pytest.mark.parametrize("has_target", [True, False])
def test_a_newer_format(damaged: Path, tmp_path: Path, *, has_target: bool) -> None:
    """A damaged file of a newer format is refused, because its jobs may have more fields."""
    damage(damaged, 1, lambda page: page[:60] + (99).to_bytes(4, "big") + page[64:])
    before = damaged.read_bytes()
    with pytest.raises(StoreError, match=r"has format 99, this version reads up to"):
        recover(damaged, tmp_path / "new" if has_target else None)
    assert damaged.read_bytes() == before
    assert not list(tmp_path.glob("new*"))


def test_a_full_disk(tmp_path: Path) -> None:
    """The queue file stays where it is, and no part of a new one is left."""
    with small_disk(tmp_path / "disk", 700) as disk:
        path = disk / "queue.sqlite3"
        make(path, records(range(1, 401), b"y" * 200))
        damage(path, ROOT_OF_JOBS, zeros)
        content = path.read_bytes()
        (disk / "ballast").write_bytes(bytes(450_000))
        before = sorted(disk.iterdir())
        for into in (None, disk / "new.sqlite3"):
            with pytest.raises(StoreError, match=r"cannot recover .* the disk is full"):
                recover(path, into)
            assert sorted(disk.iterdir()) == before
        assert path.read_bytes() == content
        assert recover(path, tmp_path / "new.sqlite3").jobs == 400


def test_a_folder_without_write_access() -> None:
    """With a target elsewhere the folder of the queue file need not be writable."""
    with common_user() as folder:
        path = folder / "old" / "queue.sqlite3"
        path.parent.mkdir()
        make(path, JOBS)
        damage(path, ROOT_OF_JOBS, zeros)
        path.parent.chmod(0o500)
        assert recover(path, folder / "new.sqlite3").jobs == 400
        with pytest.raises(StoreError, match="it is read-only"):
            recover(path)
        path.parent.chmod(0o700)
        Path(f"{path}.lock").unlink()
        path.parent.chmod(0o500)
        assert recover(path, folder / "newer.sqlite3").jobs == 400
        path.parent.chmod(0o700)


def test_damaged_settings(path: Path) -> None:
    """A setting that cannot be read is left out, and a server starts on the file."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE policy SET value = '[1, ' WHERE function = x'63726f70'")
    damage(path, ROOT_OF_JOBS, zeros)
    assert recover(path).jobs == 400
    contents, _ = opened(path)
    assert dict(contents.settings) == {b"resize": SETTINGS[b"resize"]}
