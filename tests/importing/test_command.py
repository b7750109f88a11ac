"""The questions, output and errors of ``gearman-tx import`` that no source changes."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from gearman_tx.importing import SourceError, SourceOptions
from gearman_tx.store.sqlite.schema import VERSION
from tests.importing.c_server_queue import stored, take
from tests.store.files import queue_file, read_all, small_disk
from tests.store.test_c_queue import NEW_TABLE, run


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """Return a file of the C server with two jobs and a row that is no job."""
    path = tmp_path / "queue.db"
    run(
        path,
        NEW_TABLE,
        "INSERT INTO gearman_queue VALUES ('u1', x'66ff', 0, zeroblob(3000000), 0)",
        "INSERT INTO gearman_queue VALUES ('u2', 'g', 2, 'x', 1999999999)",
        "INSERT INTO gearman_queue VALUES ('u3', NULL, 1, 'x', 0)",
    )
    return path


def test_json(tmp_path: Path, old: Path, path: Path) -> None:
    """The object has everything that the table shows, and more."""
    done = take(tmp_path, str(old), "--json")
    assert done.status == 1
    usual: dict[str, Any] = {"jobs": 1, "high": 0, "normal": 0, "low": 0, "delayed": 0}
    none = {"first_due": None, "last_due": None}
    due = {"first_due": 1999999999.0, "last_due": 1999999999.0}
    assert json.loads(done.out) == {
        "source": f"the table gearman_queue of {old}",
        "into": str(path),
        "dry_run": False,
        "added": 2,
        "known": 0,
        "changed": 0,
        "left": 1,
        "deleted": 0,
        "functions": [
            {"function": "f\\xff", **usual, "high": 1, **none},
            {"function": "g", **usual, "low": 1, "delayed": 1, **due},
        ],
    }


def test_a_full_disk(tmp_path: Path, old: Path) -> None:
    """An import that does not fit leaves no file, and one line says why."""
    with small_disk(tmp_path / "disk", 2000) as disk:
        done = take(tmp_path, str(old), "--into", str(disk / "queue.sqlite3"), "--delete")
        assert done.status == 1
        assert "the disk is full" in done.err
        assert done.err.count("\n") == 1
        assert list(disk.iterdir()) == []
    run(old, "DELETE FROM gearman_queue WHERE unique_key = 'u3'")
    assert take(tmp_path, str(old), "--delete").status == 0


def test_a_read_only_source(
    tmp_path: Path, old: Path, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The jobs are imported; a later command deletes them when it is allowed to."""

    def refuse(*_: object) -> int:
        from gearman_tx.importing import SourceError  # noqa: PLC0415  # as the source has it

        raise SourceError("cannot change the table: it is read-only")

    monkeypatch.setattr("gearman_tx.importing.sqlite_source.SQLiteSource.delete", refuse)
    done = take(tmp_path, str(old), "--delete")
    assert done.status == 3
    text = "the jobs were imported, but cannot change the table: it is read-only"
    assert f"{text}; when that is fixed, --only-new --delete deletes them" in done.err
    assert len(stored(path)) == 2
    monkeypatch.undo()
    done = take(tmp_path, str(old), "--only-new", "--delete")
    assert "2 jobs deleted from the source" in done.out
    assert len(stored(path)) == 2


@pytest.mark.parametrize(
    ("kind", "module"), [("mysql", "pymysql"), ("postgresql", "psycopg"), ("redis", "redis")]
)
def test_a_driver_that_is_not_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, module: str
) -> None:
    """One line says what to install."""
    for name in list(sys.modules):
        if name.split(".")[0] == module or name == f"gearman_tx.importing.{kind}_source":
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, module, None)
    done = take(tmp_path, f"{kind}://127.0.0.1/x")
    assert done.status == 1
    assert done.err.startswith(f"gearman-tx: reading {kind} needs a driver (")
    assert done.err.endswith(f"): pip install 'gearman-tx[import-{kind}]'\n")


def test_a_password_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command asks for it without an echo, then opens the source with it."""
    asked = []

    def ask(prompt: str) -> str:
        asked.append(prompt)
        return "secret"

    monkeypatch.setattr("click.termui.hidden_prompt_func", ask)
    done = take(tmp_path, "redis://127.0.0.1:1", "--ask-password")
    assert [prompt.strip() for prompt in asked] == ["Password:"]
    assert done.status == 3
    assert "secret" not in done.out + done.err


@pytest.mark.parametrize(
    "text", ["s\u00e9cret\n", "\ufeffs\u00e9cret\r\nnot this\r\n", "s\u00e9cret"]
)
def test_a_password_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """It is the first line, without the byte order mark and the line end of Windows."""
    (tmp_path / "secret").write_bytes(text.encode())
    found = []

    def open_source(options: SourceOptions) -> None:
        found.append(options.password)
        raise SourceError("not opened")

    monkeypatch.setattr("gearman_tx.cli.import_queue.open_source", open_source)
    assert take(tmp_path, "redis://127.0.0.1:1", "--password-file", "secret").status == 3
    assert found == ["s\u00e9cret"]


@pytest.mark.parametrize("words", [(), ("--dry-run",)])
def test_a_queue_file_of_the_first_format(
    tmp_path: Path, old: Path, path: Path, words: tuple[str, ...]
) -> None:
    """An old queue file is upgraded, but not by a dry run."""
    first = Path(__file__).parents[1] / "store" / "data" / "format-1.sqlite3"
    path.write_bytes(first.read_bytes())
    done = take(tmp_path, str(old), *words)
    assert done.status == 1
    assert "2 jobs of the table" in done.out
    if words:
        assert path.read_bytes() == first.read_bytes()
    else:
        assert f"{path} was upgraded from format 1 to {VERSION}" in done.err
        file = queue_file(path)
        assert file.open().jobs == 4
        file.close()


def test_a_queue_file_of_a_newer_format(tmp_path: Path, old: Path, path: Path) -> None:
    """A queue file of a newer format is refused and not changed."""
    assert take(tmp_path, str(old)).status == 1
    run(path, "PRAGMA user_version = 99")
    for words in ((), ("-n",)):
        done = take(tmp_path, str(old), *words)
        assert done.status == 1
        assert f"has format 99, this version reads up to {VERSION}" in done.err


def test_handles_of_the_c_server_are_not_given_again(tmp_path: Path, old: Path, path: Path) -> None:
    """The C server numbered its jobs from 1; those of a new file have larger numbers."""
    now = time.time()
    take(tmp_path, str(old))
    file = queue_file(path)
    first = file.open().ids.start
    numbers = [job.id for job in read_all(file)]
    file.close()
    assert now * 1_000_000 <= numbers[0] < numbers[1] < first


def test_only_the_owner_can_read_it(tmp_path: Path, old: Path, path: Path) -> None:
    """Only its owner can read a new queue file, because workloads may be secret."""
    take(tmp_path, str(old))
    assert path.stat().st_mode & 0o777 == 0o600
    file = queue_file(path)
    assert file.open().jobs == 2
    file.close()
