"""The import of a queue that a real C server keeps in a file of SQLite."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path

import pytest

from gearman_tx.importing import SourceOptions
from gearman_tx.store import StoreError
from gearman_tx.wire import PacketType
from tests.daemon.peer import Peer
from tests.daemon.process import BIN, WAIT_SECONDS, until
from tests.importing.c_server_queue import (
    EPOCH,
    MOST_MEMORY,
    Job,
    drain,
    leave_all,
    leave_behind,
    peak_of,
    stored,
    take,
)
from tests.store.files import PATIENCE, common_user, locked_by_another_process, queue_file
from tests.store.test_c_queue import NEW_TABLE, OLD_TABLE, run
from tests.support.servers import running, start_our_server

MANY = """
INSERT INTO gearman_queue
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})
SELECT 'u' || i, 'f' || (i % 10), i % 3, zeroblob(1000), 0 FROM n
"""


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """Return a file of the C server with three jobs, one of them delayed."""
    path = tmp_path / "queue.db"
    run(
        path,
        NEW_TABLE,
        "INSERT INTO gearman_queue VALUES ('u1', 'f', 0, 'high', 0)",
        "INSERT INTO gearman_queue VALUES ('u2', 'f', 1, NULL, 0)",
        "INSERT INTO gearman_queue VALUES ('u3', 'g', 2, x'00ff', 1999999999)",
    )
    return path


JOBS = [
    Job(b"f", b"u1", 0, b"high"),
    Job(b"f", b"u2", 1, b""),
    Job(b"g", b"u3", 2, b"\0\xff", 1999999999.0),
]


def uniques(path: Path) -> list[str]:
    """Return the uniques of the rows of a file of the C server."""
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT unique_key FROM gearman_queue ORDER BY rowid")
        return [unique for (unique,) in rows]


def test_from_the_c_server_to_a_worker(tmp_path: Path, path: Path) -> None:
    """Every job comes back in its order, and a worker runs it; the source is not changed."""
    old = tmp_path / "queue.db"
    jobs = leave_all(tmp_path, "--queue-type=libsqlite3", f"--libsqlite3-db={old}")
    before = old.read_bytes()
    done = take(tmp_path, str(old))
    assert done.status == 0, done
    text = f"{len(jobs)} jobs of the table gearman_queue of {old} are now in {path}"
    assert done.out.splitlines()[-1] == text
    assert stored(path) == jobs
    assert old.read_bytes() == before
    drain(tmp_path, path, jobs)


@pytest.mark.parametrize(
    ("address", "path"),
    [
        ("queue.db", "queue.db"),
        ("/var/a:b", "/var/a:b"),
        ("sqlite:queue.db", "queue.db"),
        ("LIBSQLITE3:/a b", "/a b"),
        ("sqlite:///a%20b", "/a b"),
    ],
)
def test_forms_of_a_path(address: str, path: str) -> None:
    """A path may stand alone or after its kind; only an address may be percent-encoded."""
    assert SourceOptions(address).path == Path(path)


def test_a_delayed_job_runs_when_it_is_due(tmp_path: Path, path: Path) -> None:
    """A worker gets a delayed job at its time, and not earlier."""
    old, due = tmp_path / "queue.db", int(time.time()) + 4
    leave_behind(
        tmp_path,
        [(EPOCH, (b"work", b"u", b"%d" % due, b"later"))],
        *("--queue-type=libsqlite3", f"--libsqlite3-db={old}"),
    )
    assert take(tmp_path, str(old)).status == 0
    options = ("--queue-type=sqlite", f"--sqlite-path={path}")
    with running(start_our_server(tmp_path, *options)) as server, Peer(server.port) as worker:
        worker.send(PacketType.CAN_DO, b"work")
        worker.send(PacketType.PRE_SLEEP)
        assert worker.receive()[0] == PacketType.NOOP
        assert time.time() > due - 0.1
        worker.grab()


def test_the_report(tmp_path: Path, old: Path) -> None:
    """A table shows the functions, priorities and times."""
    done = take(tmp_path, str(old), TZ="UTC")
    first, *rows, _ = (line.split() for line in done.out.splitlines())
    assert " ".join(first) == "Function Jobs High Normal Low Delayed First due Last due"
    due = ["2033-05-18", "03:33:19+00:00"]
    assert rows == [
        ["f", "2", "1", "1", "0", "0", "-", "-"],
        ["g", "1", "0", "0", "1", "1"] + due * 2,
    ]
    assert done.err == ""


def test_a_second_import(tmp_path: Path, old: Path, path: Path) -> None:
    """It is refused, or imports the new jobs, or all of them, as the user chooses."""
    assert take(tmp_path, str(old)).status == 0
    drain(tmp_path, path, JOBS)
    run(old, "INSERT INTO gearman_queue VALUES ('u4', 'f', 1, 'new', 0)")
    done = take(tmp_path, str(old), "--delete")
    assert done.status == 1
    text = f"jobs of the table gearman_queue of {old} were imported before"
    choice = "--only-new leaves them out, --again imports them again"
    assert (done.out, done.err) == ("", f"gearman-tx: {text}; {choice}\n")
    assert [job.unique for job in stored(path)] == [b"u3"]
    assert len(uniques(old)) == 4
    done = take(tmp_path, str(old), "--only-new")
    assert done.status == 0
    assert "1 job of the table gearman_queue" in done.out
    assert done.out.splitlines()[-1] == "3 jobs of it had been imported before"
    assert [job.unique for job in stored(path)] == [b"u3", b"u4"]
    done = take(tmp_path, str(old), "--again")
    assert done.out.splitlines()[-1].startswith("4 jobs of the table gearman_queue")
    assert [job.unique for job in stored(path)] == [b"u3", b"u4", b"u1", b"u2", b"u3", b"u4"]


def test_a_dry_run(tmp_path: Path, old: Path, path: Path) -> None:
    """It prints the same report and changes nothing, with or without a queue file."""
    done = take(tmp_path, str(old), "--dry-run")
    assert done.status == 0
    assert done.out.splitlines()[-1] == (
        f"3 jobs of the table gearman_queue of {old} would be imported into {path}"
    )
    assert list(tmp_path.iterdir()) == [old]
    assert take(tmp_path, str(old)).status == 0
    run(old, "INSERT INTO gearman_queue VALUES ('u4', 'f', 1, 'new', 0)")
    before = path.read_bytes()
    done = take(tmp_path, str(old), "-n")
    assert "1 job of the table gearman_queue" in done.out
    assert "3 jobs of it had been imported before" in done.out
    done = take(tmp_path, str(old), "-n", "--again")
    assert "4 jobs of the table gearman_queue" in done.out
    assert path.read_bytes() == before
    done = take(tmp_path, str(old), "-n", "--delete")
    assert done.status == 2
    assert "--delete does not go with --dry-run" in done.err


def test_deleting(tmp_path: Path, old: Path, path: Path) -> None:
    """All imported rows are deleted, from this and earlier imports; the rest is reported."""
    run(old, "INSERT INTO gearman_queue VALUES ('bad', NULL, 7, 'x', 0)")
    assert take(tmp_path, str(old)).status == 1
    assert len(uniques(old)) == 4
    run(old, "INSERT INTO gearman_queue VALUES ('u4', 'f', 1, 'new', 0)")
    done = take(tmp_path, str(old), "--only-new", "--delete")
    assert done.status == 1
    assert "4 jobs deleted from the source" in done.out
    assert done.err.splitlines() == [
        "gearman-tx: left: function NULL, unique 'bad': it has no function",
        f"gearman-tx: 1 job could not be imported and stays in the table gearman_queue of {old}",
    ]
    assert uniques(old) == ["bad"]
    assert [job.unique for job in stored(path)] == [b"u1", b"u2", b"u3", b"u4"]


def test_an_old_table_of_another_name(tmp_path: Path, path: Path) -> None:
    """A table without times, and of another name, is imported."""
    old = tmp_path / "queue.db"
    run(
        old,
        OLD_TABLE.replace("gearman_queue", '"my ""jobs"'),
        """INSERT INTO "my ""jobs" VALUES ('u', 'f', 1, 'x')""",
    )
    done = take(tmp_path, str(old), "--table", 'my "jobs', "--delete")
    assert done.status == 0, done
    assert stored(path) == [Job(b"f", b"u", 1, b"x")]


def test_a_c_server_that_was_killed_while_it_wrote(tmp_path: Path, old: Path, path: Path) -> None:
    """A transaction that the C server did not finish is undone, as it would do itself."""
    copy, journal = tmp_path / "copy.db", Path(f"{old}-journal")
    before = old.read_bytes()
    with closing(sqlite3.connect(old, isolation_level=None)) as connection:
        connection.execute("PRAGMA cache_spill = 1")
        connection.execute("PRAGMA cache_size = 1")
        connection.execute("BEGIN")
        connection.execute("UPDATE gearman_queue SET data = zeroblob(100000)")
        copy.write_bytes(old.read_bytes())
        Path(f"{copy}-journal").write_bytes(journal.read_bytes())
        assert copy.read_bytes() != before
        connection.execute("ROLLBACK")
    assert take(tmp_path, str(copy)).status == 0
    assert stored(path) == JOBS


def test_a_queue_file_that_a_server_has(tmp_path: Path, old: Path, path: Path) -> None:
    """A queue file that a server uses is refused at once, and nothing is read for it."""
    options = ("--queue-type=sqlite", f"--sqlite-path={path}")
    with running(start_our_server(tmp_path, *options)) as server:
        with Peer(server.port) as client:
            client.submit(b"u")  # it is acknowledged when the server has the file
        for words in ((), ("--dry-run",), ("--delete",)):
            done = take(tmp_path, str(old), *words)
            assert done.status == 1
            text = f"another job server uses the queue file {path} ({path}.lock is locked)"
            assert done.err == f"gearman-tx: {text}\n"
    assert len(uniques(old)) == 3
    assert [job.unique for job in stored(path)] == [b"u"]


def test_a_source_that_a_c_server_has(
    tmp_path: Path, old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A source whose lock another process holds is an error of one line, after a while."""
    monkeypatch.setattr("gearman_tx.importing.sqlite_source._BUSY_SECONDS", PATIENCE)
    with locked_by_another_process(old):
        done = take(tmp_path, str(old))
    assert done.status == 3
    assert "another process holds its lock" in done.err
    assert list(tmp_path.iterdir()) == [old]


def test_a_queue_that_is_not_empty(tmp_path: Path, old: Path, path: Path) -> None:
    """The jobs come behind those that are there; no id and no handle is given twice."""
    options = ("--queue-type=sqlite", f"--sqlite-path={path}")
    other = tmp_path / "other.db"
    run(other, NEW_TABLE, "INSERT INTO gearman_queue VALUES ('mine', 'f', 1, 'x', 0)")
    assert take(tmp_path, str(other)).status == 0
    with running(start_our_server(tmp_path, *options)):
        pass
    assert take(tmp_path, str(old)).status == 0
    assert [job.unique for job in stored(path)] == [b"mine", b"u1", b"u2", b"u3"]


def test_a_damaged_queue_file(tmp_path: Path, old: Path, path: Path) -> None:
    """A damaged queue file is left to a server, which knows what can be read of it."""
    assert take(tmp_path, str(old)).status == 0
    whole = path.read_bytes()
    path.write_bytes(whole[:8192] + bytes(len(whole) - 8192))
    done = take(tmp_path, str(old))
    assert done.status == 1
    assert "gearman-tx recover keeps all jobs that can be read" in done.err
    path.unlink()
    Path(f"{path}-wal").write_bytes(b"x" * 100)
    done = take(tmp_path, str(old))
    assert done.status == 1
    assert f"{path} is gone or empty, its log is not" in done.err
    assert Path(f"{path}-wal").exists()


def test_a_queue_file_that_was_lost(tmp_path: Path, old: Path, path: Path) -> None:
    """Where there was a queue once, ids go on at the microseconds since 1970."""
    Path(f"{path}.lock").touch()
    assert take(tmp_path, str(old)).status == 0
    file = queue_file(path)
    assert file.open().ids.start > 10**15
    file.close()


def test_a_read_only_folder(old: Path) -> None:
    """A queue file that cannot be created is an error of one line, and no file is left."""
    with common_user() as folder:
        folder.chmod(0o500)
        with pytest.raises(StoreError, match="cannot be written"):
            queue_file(folder / "queue.sqlite3").open()
    done = take(old.parent, str(old), "--into", "/proc/queue.sqlite3")
    assert done.status == 1
    assert done.err.startswith("gearman-tx: the queue file /proc/queue.sqlite3 needs")


def test_wrong_options(tmp_path: Path, old: Path, path: Path) -> None:
    """One line says what is wrong and what helps."""
    run(tmp_path / "empty.db", "CREATE TABLE notes (x)")
    assert take(tmp_path, str(old)).status == 0
    for words, status, text in (
        (("nothing.db",), 2, "gearman-tx: nothing.db: No such file or directory"),
        (("empty.db",), 3, "has no table gearman_queue of the C server; its tables: notes;"),
        ((str(path), "--into", "x"), 3, f"{path} is a queue file already: start a server on it"),
        ((str(old), "--into", str(old)), 2, "is both source and queue file"),
        ((str(old), "--only-new", "--again"), 2, "--only-new does not go with --again"),
        ((str(old), "--prefix", "x"), 2, "--prefix and --function are for redis"),
        (("redis://x", "--table", "x"), 2, "--table is for databases with tables"),
        ((str(old), "--ask-password", "--password-file", str(old)), 2, "does not go with"),
        ((str(old), "--into", "empty.db"), 1, "is a SQLite file of another program"),
    ):
        done = take(tmp_path, *words)
        assert done.status == status, done
        assert text in done.err
        assert done.err.count("\n") == 1


def test_many_jobs(tmp_path: Path, path: Path) -> None:
    """The memory of an import does not grow with the queue."""
    old = tmp_path / "queue.db"
    run(old, NEW_TABLE, MANY.format(count=100_000))
    assert peak_of(tmp_path, str(old), "--delete") < MOST_MEMORY
    assert uniques(old) == []
    file = queue_file(path)
    assert file.open().jobs == 100_000
    file.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_one_that_is_interrupted(tmp_path: Path, path: Path, number: signal.Signals) -> None:
    """Whenever it ends, all jobs are in the source, or all of them are ours."""
    old = tmp_path / "queue.db"
    run(old, NEW_TABLE, MANY.format(count=20_000))
    command = [str(BIN / "gearman-tx"), "import", str(old), "--into", str(path), "--delete"]
    # Who measures coverage holds a lock at times, and a signal then leaves it locked forever.
    environment = {k: v for k, v in os.environ.items() if not k.startswith("COVERAGE")}
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment
    )
    log = Path(f"{path}-wal")
    until(lambda: log.exists() and log.stat().st_size > 2_000_000, "it is in the midst of it")
    process.send_signal(number)
    _, said = process.communicate(timeout=WAIT_SECONDS)
    if number == signal.SIGINT:
        assert process.returncode == 130
        assert said.strip() == b"gearman-tx: interrupted"
        assert not path.exists()
    else:
        assert process.returncode == -signal.SIGKILL
    assert len(uniques(old)) == 20_000
    assert take(tmp_path, str(old), "--delete").status == 0
    file = queue_file(path)
    assert file.open().jobs == 20_000
    file.close()
