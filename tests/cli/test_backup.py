"""``gearman-tx backup`` copies the queue of a running server, and reports errors."""

from __future__ import annotations

import json
import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from gearman_tx.cli.program import run_command
from gearman_tx.core import Batch
from gearman_tx.store import backup
from tests.cli.programs import gearman_tx as run
from tests.store.files import queue_file, stored
from tests.store.records import records
from tests.support.servers import running, start_our_server


@pytest.fixture
def queue(tmp_path: Path) -> Path:
    """Return a queue file with three jobs that no server uses."""
    path = tmp_path / "queue.sqlite3"
    file = queue_file(path)
    file.open()
    file.write(Batch(records(range(1, 4))))
    file.close()
    return path


def test_beside_a_server(tmp_path: Path) -> None:
    """All acknowledged jobs are in the copy, and another server can be started on it."""
    path, copy = tmp_path / "queue.sqlite3", tmp_path / "copy.sqlite3"
    options = ("--queue-type=sqlite", f"--sqlite-path={path}")
    with running(start_our_server(tmp_path, *options)) as server:
        for _ in range(3):
            run("submit", "-s", f"127.0.0.1:{server.port}", "-b", "f", "work")
        done = run("backup", str(path), str(copy))
        assert done == (0, f"{copy}: 3 jobs, {copy.stat().st_size} bytes\n", "")
        with running(start_our_server(tmp_path, "--queue-type=sqlite", f"--sqlite-path={copy}")):
            pass
        assert stored(copy) == [1, 2, 3]


def test_json(queue: Path, tmp_path: Path) -> None:
    """The JSON has the paths, the number of jobs and the size in bytes."""
    copy = tmp_path / "copy"
    done = run("backup", "--json", str(queue), str(copy))
    size = copy.stat().st_size
    told = {"queue": str(queue), "copy": str(copy), "jobs": 3, "size": size}
    assert (done.status, json.loads(done.out), done.err) == (0, told, "")


def test_what_cannot_be_copied(queue: Path, tmp_path: Path) -> None:
    """One line names the file, with exit status 1, or 2 if the command line names it wrongly."""
    other = tmp_path / "other"
    with closing(sqlite3.connect(other)) as connection:
        connection.execute("CREATE TABLE bookmarks (url TEXT)")
    nowhere = tmp_path / "nowhere"
    for source, copy, why in (
        (queue, other, "there is such a file already"),
        (other, tmp_path / "copy", f"{other} is not a queue file"),
    ):
        done = run("backup", str(source), str(copy))
        text = (
            f"gearman-tx: {why}\n"
            if source == other
            else (f"gearman-tx: cannot copy {source} to {copy}: {why}\n")
        )
        assert done == (1, "", text)
    for source, copy in ((nowhere, tmp_path / "copy"), (queue, nowhere / "copy")):
        done = run("backup", str(source), str(copy))
        assert done == (2, "", f"gearman-tx: {nowhere}: No such file or directory\n")
    done = run("backup", str(queue), str(tmp_path))
    assert (done.status, done.out) == (2, "")
    assert f"{tmp_path} is a folder: name the file to create in it" in done.err
    assert sorted(path.name for path in tmp_path.glob("copy*")) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted(
    queue: Path,
    tmp_path: Path,
    number: signal.Signals,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Ctrl-C and SIGTERM leave no part of a copy; the exit status is 130."""
    # The signals of a new process, which reactors of other tests may have changed.
    before = {
        signal.SIGINT: signal.signal(signal.SIGINT, signal.default_int_handler),
        signal.SIGTERM: signal.getsignal(signal.SIGTERM),
    }

    def interrupted(path: Path, target: Path, progress: Callable[[int, int], None]) -> int:
        """Copy, and send a signal to this process during it."""

        def tell(left: int, total: int) -> None:
            progress(left, total)
            signal.raise_signal(number)

        return backup(path, target, progress=tell)

    monkeypatch.setattr("gearman_tx.cli.backup.copy_queue", interrupted)
    try:
        assert run_command(["backup", str(queue), str(tmp_path / "copy")]) == 130
    finally:
        for known, handler in before.items():
            signal.signal(known, handler)
    assert capsys.readouterr().err.strip() == "gearman-tx: interrupted"
    assert list(tmp_path.glob("copy*")) == []
