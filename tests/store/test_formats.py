"""Files of other versions and of other programs."""

from __future__ import annotations

import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from gearman_tx.core import Batch
from gearman_tx.store import StoreError
from gearman_tx.store.sqlite.opening import Opening
from gearman_tx.store.sqlite.schema import APPLICATION_ID, SCRIPTS, VERSION, upgrade
from tests.store.files import file_size_limit, queue_file, read_all
from tests.store.records import limits, record

FORMAT_1 = Path(__file__).with_name("data") / "format-1.sqlite3"
"""A file of format 1, written by the version that had it."""

FORMAT_1_JOBS = [
    record(5, b"", unique=b"u1", priority=0, losses=2, submitted=1_700_000_000.5),
    record(
        9,
        b"\0\xff\0",
        unique=b"",
        priority=2,
        reducer=b"sum",
        due=1.9e9,
        submitted=1_700_000_001.0,
    ),
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the path of the queue file."""
    return tmp_path / "queue.sqlite3"


def query(path: Path, statement: str) -> object:
    """Return the first value of a statement's result."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        row = connection.execute(statement).fetchone()
    return None if row is None else row[0]


def kept(path: Path, number: int = 1) -> Path:
    """Return where the copy of a file is that is made before its upgrade."""
    return path.with_name(f"{path.name}.before-format-{VERSION}-{number}")


def upgraded(path: Path, version: int) -> str:
    """Return the notice about an upgrade."""
    text = f"{path} was upgraded from format {version} to {VERSION}"
    return f"{text}; {kept(path)} is a copy of it in format {version}"


def test_a_file_of_the_first_version(path: Path) -> None:
    """A file of format 1 is upgraded with all its contents, and a notice says so."""
    shutil.copyfile(FORMAT_1, path)
    assert query(path, "PRAGMA user_version") == 1
    file = queue_file(path)
    contents = file.open()
    assert list(contents.notices) == [upgraded(path, 1)]
    assert contents.ids.start == 1000
    assert read_all(file) == FORMAT_1_JOBS
    file.write(Batch(settings=limits({b"resize": (1, 2, 3)})))
    file.close()
    contents = file.open()
    assert list(contents.notices) == []
    assert contents.settings == limits({b"resize": (1, 2, 3)})
    assert read_all(file) == FORMAT_1_JOBS
    file.close()


def test_the_old_format_is_kept(path: Path) -> None:
    """The copy has all that the old file and its log had, for the version that wrote it."""
    shutil.copyfile(FORMAT_1, path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("DELETE FROM job WHERE id = 5")  # is in the log
        file = queue_file(path)
        file.open()
        file.close()
    copy = kept(path)
    assert copy.stat().st_mode & 0o777 == 0o600
    assert query(copy, "PRAGMA user_version") == 1
    assert query(copy, "SELECT group_concat(id) FROM job") == "9"
    assert query(copy, "SELECT count(*) FROM sqlite_schema WHERE name = 'policy'") == 0
    copy.replace(path)  # the older version goes on with it, and is upgraded again
    assert len(queue_file(path).open().notices) == 1
    assert copy.exists()


def test_no_room_for_the_copy(path: Path) -> None:
    """The file is not upgraded, and the error says what helps."""
    shutil.copyfile(FORMAT_1, path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE job SET workload = zeroblob(500000)")
    with file_size_limit(300_000), pytest.raises(StoreError) as caught:
        queue_file(path).open()
    text = f"the queue file {path} has format 1, and the copy {kept(path)}, which is made"
    text += f" before it is upgraded to format {VERSION}, cannot be written: "
    assert str(caught.value).startswith(text)
    assert "gearman-tx recover --into" in str(caught.value)
    assert query(path, "PRAGMA user_version") == 1
    assert query(path, "SELECT count(*) FROM job") == len(FORMAT_1_JOBS)
    assert {found.name for found in path.parent.iterdir()} == {path.name}


def test_an_upgrade_is_one_transaction(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An upgrade that fails leaves the file in its old format; the next one succeeds."""
    shutil.copyfile(FORMAT_1, path)
    monkeypatch.setattr("gearman_tx.store.sqlite.schema.SCRIPTS", (*SCRIPTS, *SCRIPTS))
    monkeypatch.setattr("gearman_tx.store.sqlite.schema.upgrade.__defaults__", (2 * VERSION,))
    with pytest.raises(StoreError, match="already exists"):
        queue_file(path).open()
    monkeypatch.undo()
    assert not kept(path).exists()
    assert query(path, "PRAGMA user_version") == 1
    file = queue_file(path)
    file.open()
    assert read_all(file) == FORMAT_1_JOBS
    file.close()


def test_a_new_file_has_the_newest_format(path: Path) -> None:
    """A new file has our mark and the newest format."""
    file = queue_file(path)
    file.open()
    file.close()
    assert query(path, "PRAGMA application_id") == APPLICATION_ID
    assert query(path, "PRAGMA user_version") == VERSION
    assert query(path, "PRAGMA auto_vacuum") == 2


def test_a_file_of_a_newer_version(path: Path) -> None:
    """A file of a newer format is refused and not changed; the error says what helps."""
    file = queue_file(path)
    file.open()
    file.close()
    query(path, f"PRAGMA user_version = {VERSION + 1}")
    before = path.read_bytes()
    with pytest.raises(StoreError) as caught:
        file.open()
    text = f"the queue file {path} has format {VERSION + 1}, this version reads up to {VERSION}"
    assert str(caught.value) == f"{text}: install the version that wrote it, or a newer one"
    assert path.read_bytes() == before


@pytest.mark.parametrize("application", [0, 7])
def test_a_file_of_another_program(path: Path, application: int) -> None:
    """A SQLite file of another program is refused; not a byte of it is changed."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA application_id = {application}")
        connection.execute("CREATE TABLE bookmarks (url TEXT)")
    before = path.read_bytes()
    with pytest.raises(StoreError) as caught:
        queue_file(path).open()
    text = f"{path} is a SQLite file of another program, not a queue file: choose another file"
    assert str(caught.value) == text
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_an_empty_file(path: Path) -> None:
    """An empty file, which an operator may create for its permissions, becomes a queue file."""
    path.touch()
    file = queue_file(path)
    assert file.open().ids.start == 1
    file.close()


def test_an_old_sqlite(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error about a SQLite that is too old is one clear line."""
    monkeypatch.setattr("sqlite3.sqlite_version_info", (3, 34, 1))
    with pytest.raises(StoreError, match=r"has SQLite 3\..*, a queue file needs 3\.37 or newer"):
        queue_file(path).open()
    assert list(path.parent.iterdir()) == []


@pytest.mark.parametrize("synchronous", ["FULL", "NORMAL"])
def test_synchronous(path: Path, synchronous: str) -> None:
    """SQLite gets the operator's choice."""
    opened = Opening(float, synchronous).connect(path)
    with closing(opened.connection) as connection:
        (found,) = connection.execute("PRAGMA synchronous").fetchone()
        assert found == {"NORMAL": 1, "FULL": 2}[synchronous]
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_limits_of_format_3(path: Path) -> None:
    """The limits of functions become settings."""
    shutil.copyfile(FORMAT_1, path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        upgrade(connection, 1, 3)
        connection.execute("INSERT INTO max_queue VALUES (x'66', 1, 2, 3), (x'', 0, 0, 9)")
        connection.execute("COMMIT")
    file = queue_file(path)
    contents = file.open()
    assert list(contents.notices) == [upgraded(path, 3)]
    assert contents.settings == limits({b"f": (1, 2, 3), b"": (0, 0, 9)})
    file.close()


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("max_queue", "[1, 2", "the setting max_queue of b'f' is '[1, 2', which is not JSON"),
        ("max_cue", "[1]", "'max_cue' of b'f' is not a setting of this version"),
    ],
)
def test_a_setting_that_cannot_be_read(path: Path, key: str, value: str, reason: str) -> None:
    """The server does not start, and the error names the setting."""
    file = queue_file(path)
    file.open()
    file.close()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("INSERT INTO policy VALUES (x'66', ?, ?)", (key, value))
    with pytest.raises(StoreError, match=re.escape(f"cannot read the queue file {path}: {reason}")):
        file.open()
