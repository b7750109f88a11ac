"""``gearman-tx recover`` reports the recovered jobs, the files and errors."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gearman_tx.store.sqlite.schema import ROOT_OF_JOBS
from tests.cli.programs import gearman_tx as run
from tests.store.files import damage, zeros
from tests.store.records import records
from tests.store.test_salvage import make
from tests.support.servers import running, start_our_server


@pytest.fixture
def queue(tmp_path: Path) -> Path:
    """Return a damaged queue file with 400 jobs."""
    path = tmp_path / "queue.sqlite3"
    make(path, records(range(1, 401)))
    damage(path, ROOT_OF_JOBS, zeros)
    return path


def test_a_damaged_file(queue: Path) -> None:
    """The first run prints the path of the damaged file, the second finds no damage."""
    done = run("recover", str(queue))
    assert (done.status, done.err) == (0, "")
    assert done.out.startswith(
        f"{queue}: 400 jobs read; the damaged file is now {queue}.damaged-1 ("
    )
    assert done.out.count("\n") == 1
    done = run("recover", str(queue))
    assert done == (0, f"{queue} is not damaged and was not changed: 400 jobs\n", "")


def test_another_file(queue: Path, tmp_path: Path) -> None:
    """The jobs are in the new file, and a server can be started on it."""
    new = tmp_path / "new.sqlite3"
    done = run("recover", str(queue), "--into", str(new))
    assert done == (0, f"{new}: 400 jobs read from {queue}, which was not changed\n", "")
    options = ("--queue-type=sqlite", f"--sqlite-path={new}")
    with running(start_our_server(tmp_path, *options)) as server:
        status = run("status", "-s", f"127.0.0.1:{server.port}", "--json")
    assert sum(row["jobs"] for row in json.loads(status.out)) == 400


def test_json(queue: Path) -> None:
    """The JSON has the paths, the number of jobs and the damage."""
    first = json.loads(run("recover", "--json", str(queue)).out)
    second = json.loads(run("recover", "--json", str(queue)).out)
    usual = {"queue": str(queue), "into": str(queue), "jobs": 400}
    assert first.pop("damage")
    assert first == {**usual, "aside": f"{queue}.damaged-1"}
    assert second == {**usual, "damage": None, "aside": None}


def test_errors(queue: Path, tmp_path: Path) -> None:
    """One line and exit status 1, or 2 if the command line names a wrong file."""
    text = tmp_path / "text"
    text.write_text("not a database at all\n" * 100)
    for words, why in (
        ([str(text)], "text is not a queue file (file is not a database"),
        ([str(queue), "--into", str(text)], f"{text}: there is such a file already"),
        ([str(queue), "--into", "/proc/new"], "No such file or directory"),
    ):
        done = run("recover", *words)
        assert (done.status, done.out) == (1, "")
        assert why in done.err
        assert done.err.count("\n") == 1
    nowhere = tmp_path / "nowhere"
    for words in ([str(nowhere)], [str(queue), "--into", str(nowhere / "new")]):
        done = run("recover", *words)
        assert done == (2, "", f"gearman-tx: {nowhere}: No such file or directory\n")
    done = run("recover", str(queue), "--into", str(tmp_path))
    assert (done.status, done.out) == (2, "")
    assert f"{tmp_path} is a folder: name the file to create in it" in done.err


def test_a_file_in_use(tmp_path: Path) -> None:
    """A file that a server uses is refused."""
    path = tmp_path / "queue.sqlite3"
    options = ("--queue-type=sqlite", f"--sqlite-path={path}")
    with running(start_our_server(tmp_path, *options)):
        done = run("recover", str(path))
    assert (done.status, done.out) == (1, "")
    text = f"gearman-tx: another job server uses the queue file {path}"
    assert done.err == f"{text} ({path}.lock is locked)\n"
