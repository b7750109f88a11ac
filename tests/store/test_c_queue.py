"""The C server's queue in SQLite is imported from its own file, which is kept as it was."""

from __future__ import annotations

import re
import socket
import sqlite3
import struct
from contextlib import closing
from pathlib import Path

import pytest

from gearman_tx.core import HIGH, LOW, NORMAL, Batch
from gearman_tx.store import StoreError
from tests.store.files import file_size_limit, locked_by_another_process, queue_file, read_all
from tests.store.records import record
from tests.support.servers import running, start_c_server

SUBMIT_JOB_BG = 18
SUBMIT_JOB_HIGH_BG = 32
SUBMIT_JOB_LOW_BG = 34
SUBMIT_JOB_EPOCH = 36
SUBMIT_REDUCE_JOB_BACKGROUND = 38
JOB_CREATED = 8
CAN_DO = 1
GRAB_JOB = 9
JOB_ASSIGN = 11

NEW_TABLE = """
CREATE TABLE gearman_queue (
    unique_key TEXT, function_name TEXT, priority INTEGER, data BLOB, when_to_run INTEGER,
    PRIMARY KEY (unique_key, function_name)
)
"""
OLD_TABLE = NEW_TABLE.replace(" when_to_run INTEGER,", "")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the path of the queue file."""
    return tmp_path / "gearmand.sqlite3"


def run(path: Path, *statements: str) -> None:
    """Run statements in the file at ``path``."""
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def imported(path: Path, **options: str) -> tuple[list[tuple[object, ...]], list[str]]:
    """Open the file; return its jobs without times and ids, and the notices."""
    file = queue_file(path, handle_prefix=b"H:vm", **options)
    contents = file.open()
    found = read_all(file)
    assert contents.jobs == len(found)
    assert contents.ids.start > len(found)
    assert [job.handle for job in found] == [b"H:vm:%d" % job.id for job in found]
    assert all(job.submitted > 1.6e9 and job.losses == 0 for job in found)
    file.write(Batch([record(contents.ids.start)], finished=[job.id for job in found]))
    file.close()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA auto_vacuum").fetchone() == (2,)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema")}
    assert tables >= {"job", "setting", "policy"}
    assert "gearman_queue" not in tables
    assert path.stat().st_mode & 0o777 == 0o600
    seen: list[tuple[object, ...]] = [
        (job.function, job.unique, job.priority, job.workload, job.due, job.reducer)
        for job in found
    ]
    return seen, list(contents.notices)


def submit(link: socket.socket, packet: int, *fields: bytes) -> None:
    """Submit a background job and wait for the answer."""
    body = b"\0".join(fields)
    link.sendall(b"\0REQ" + struct.pack(">II", packet, len(body)) + body)
    header = link.recv(12, socket.MSG_WAITALL)
    kind, size = struct.unpack(">4xII", header)
    assert kind == JOB_CREATED
    link.recv(size, socket.MSG_WAITALL)


def test_a_file_of_the_c_server(tmp_path: Path, path: Path) -> None:
    """Our server starts with the jobs that the C server had when it ended, in their order.

    Of two jobs without a unique it keeps one itself, and forgets reducers and the last byte of a
    unique of 64 bytes.
    """
    options = ("--queue-type=libsqlite3", f"--libsqlite3-db={path}")
    with (
        running(start_c_server(tmp_path, *options)) as server,
        socket.create_connection(("127.0.0.1", server.port), timeout=10) as link,
    ):
        submit(link, SUBMIT_JOB_BG, b"resize", b"u1", b"picture")
        submit(link, SUBMIT_JOB_HIGH_BG, b"resize", b"u2", b"")
        submit(link, SUBMIT_JOB_LOW_BG, b"crop\xff", b"u\xfe3", b"\0\1\2\xff")
        submit(link, SUBMIT_JOB_BG, b"resize", b"", b"one")
        submit(link, SUBMIT_JOB_BG, b"resize", b"", b"other")
        submit(link, SUBMIT_JOB_BG, b"resize", b"-", b"by workload")
        submit(link, SUBMIT_JOB_BG, b"crop", b"u1", b"same unique")
        submit(link, SUBMIT_JOB_EPOCH, b"resize", b"u5", b"1999999999", b"later")
        submit(link, SUBMIT_REDUCE_JOB_BACKGROUND, b"sum", b"u6", b"adder", b"-", b"1 2")
        submit(link, SUBMIT_JOB_BG, b"resize", b"u" * 64, b"long unique")
        server.stop()
    before = path.read_bytes()
    found, notices = imported(path)
    assert found == [
        (b"resize", b"u1", NORMAL, b"picture", 0.0, None),
        (b"resize", b"u2", HIGH, b"", 0.0, None),
        (b"crop\xff", b"u\xfe3", LOW, b"\0\1\2\xff", 0.0, None),
        (b"resize", b"", NORMAL, b"other", 0.0, None),
        (b"resize", b"-", NORMAL, b"by workload", 0.0, None),
        (b"crop", b"u1", NORMAL, b"same unique", 0.0, None),
        (b"resize", b"u5", NORMAL, b"later", 1999999999.0, None),
        (b"sum", b"u6", NORMAL, b"1 2", 0.0, None),
        (b"resize", b"u" * 63, NORMAL, b"long unique", 0.0, None),
    ]
    text = f"9 jobs of the C server's table gearman_queue in {path} were imported"
    kept = path.with_name(f"{path.name}.before-gearman-tx-1")
    assert notices == [f"{text}; the C server's file is now {kept}"]
    file = queue_file(path)
    assert list(file.open().notices) == [], "once"
    file.close()
    assert kept.read_bytes() == before, "the C server's file is as it was"


def grab(link: socket.socket) -> list[bytes]:
    """Ask for a job of ``resize``; return the fields of the answer, none without a job."""
    link.sendall(b"\0REQ" + struct.pack(">II", CAN_DO, 6) + b"resize")
    link.sendall(b"\0REQ" + struct.pack(">II", GRAB_JOB, 0))
    kind, size = struct.unpack(">4xII", link.recv(12, socket.MSG_WAITALL))
    fields = link.recv(size, socket.MSG_WAITALL).split(b"\0") if size else []
    assert (kind == JOB_ASSIGN) == bool(fields)
    return fields


def test_the_way_back(tmp_path: Path, path: Path) -> None:
    """A C server runs the old jobs from the kept file, and finds no queue in the new one.

    What it stores in the new file is imported in its turn, and kept there.
    """
    options = ("--queue-type=libsqlite3", f"--libsqlite3-db={path}")

    def with_c_server(*unique: bytes) -> list[bytes]:
        """Start a C server on the file, take a job or none, and submit jobs."""
        with (
            running(start_c_server(tmp_path, *options)) as server,
            socket.create_connection(("127.0.0.1", server.port), timeout=10) as link,
        ):
            job = grab(link)
            for one in unique:
                submit(link, SUBMIT_JOB_BG, b"resize", one, b"picture " + one)
            server.stop()
        return job

    assert with_c_server(b"u1") == []
    file = queue_file(path)
    file.open()
    file.close()
    assert with_c_server(b"u2") == [], "it finds no queue in our file"
    contents = file.open()
    text = f"1 jobs of the C server's table gearman_queue in {path} were imported"
    assert list(contents.notices) == [f"{text}; the table is now called gearman_queue_imported_1"]
    found = read_all(file)
    assert [job.unique for job in found] == [b"u1", b"u2"]
    assert contents.ids.start > found[1].id > found[0].id
    file.close()
    with closing(sqlite3.connect(path)) as connection:
        kept = connection.execute("SELECT unique_key FROM gearman_queue_imported_1").fetchall()
    assert kept == [("u2",)]
    file = queue_file(path)
    assert (list(file.open().notices), file.jobs) == ([], 2), "once"
    file.close()

    path.unlink()
    path.with_name(f"{path.name}.before-gearman-tx-1").rename(path)
    assert with_c_server()[1:] == [b"resize", b"picture u1"]
    assert with_c_server()[1:] == [b"resize", b"picture u1"], "not done, so still there"


def test_a_second_file_of_the_c_server(path: Path) -> None:
    """Each one is kept, and no handle is given twice."""
    handles = []
    for number in (1, 2):
        row = f"INSERT INTO gearman_queue VALUES ('u{number}', 'f', 1, 'x', 0)"  # noqa: S608  # a number
        run(path, NEW_TABLE, row)
        file = queue_file(path)
        file.open()
        handles += [job.handle for job in read_all(file)]
        file.close()
        kept = path.with_name(f"{path.name}.before-gearman-tx-{number}")
        with closing(sqlite3.connect(kept)) as connection:
            found = connection.execute("SELECT unique_key FROM gearman_queue").fetchall()
        assert found == [(f"u{number}",)]
        path.unlink()
    assert len(set(handles)) == 2


def test_the_old_table(path: Path) -> None:
    """A table of an old C server, without times, is imported as well."""
    run(path, OLD_TABLE, "INSERT INTO gearman_queue VALUES ('u', 'f', 2, x'00ff')")
    found, _ = imported(path)
    assert found == [(b"f", b"u", LOW, b"\0\xff", 0.0, None)]


def test_unknown_priorities(path: Path) -> None:
    """Jobs with an unknown priority are normal, and the notice counts them."""
    run(
        path,
        NEW_TABLE,
        "INSERT INTO gearman_queue VALUES (NULL, 'f', NULL, NULL, NULL)",
        "INSERT INTO gearman_queue VALUES ('u', 'f', 7, 'text', 5)",
        "INSERT INTO gearman_queue VALUES ('v', 'f', 0, 12, 0)",
    )
    found, (notice,) = imported(path)
    text = f"3 jobs of the C server's table gearman_queue in {path} were imported"
    assert notice.startswith(f"{text}; 2 of them had an unknown priority and are normal now; ")
    assert found == [
        (b"f", b"", NORMAL, b"", 0.0, None),
        (b"f", b"u", NORMAL, b"text", 5.0, None),
        (b"f", b"v", HIGH, b"12", 0.0, None),
    ]


def test_rows_that_are_no_jobs(path: Path) -> None:
    """They are in the C server's file only; the notice counts them and shows the first one."""
    run(
        path,
        NEW_TABLE,
        "INSERT INTO gearman_queue VALUES ('bad', NULL, 1, 'x', 0)",
        "INSERT INTO gearman_queue VALUES ('good', 'f', 1, 'x', 0)",
        "INSERT INTO gearman_queue VALUES ('worse', 'f', 1, 'x', 'noon')",
    )
    file = queue_file(path)
    contents = file.open()
    assert [job.unique for job in read_all(file)] == [b"good"]
    file.close()
    text = "2 rows are no jobs and were left out, the first one is"
    first = "function NULL, unique 'bad': it has no function"
    assert f"were imported; {text} {first}; the C server's file" in contents.notices[0]
    with closing(sqlite3.connect(f"{path}.before-gearman-tx-1")) as connection:
        kept = connection.execute("SELECT unique_key FROM gearman_queue ORDER BY rowid")
        assert kept.fetchall() == [("bad",), ("good",), ("worse",)]


def test_an_empty_table(path: Path) -> None:
    """A C server's file without jobs becomes an empty queue."""
    run(path, NEW_TABLE)
    assert imported(path)[0] == []


def test_another_table(path: Path) -> None:
    """The table may have another name, in small or capital letters."""
    run(
        path,
        NEW_TABLE.replace("gearman_queue", '"my ""Queue"'),
        """INSERT INTO "my ""Queue" VALUES ('u', 'f', 1, 'data', 0)""",
        "ANALYZE",  # makes a table of SQLite's own
    )
    found, _ = imported(path, c_table='my "queue')
    assert found == [(b"f", b"u", NORMAL, b"data", 0.0, None)]


def test_tables_of_others(path: Path) -> None:
    """A file with more tables stays where it is, because others may use them."""
    run(path, NEW_TABLE, "CREATE TABLE notes (text TEXT)", "CREATE TABLE bills (sum REAL)")
    before = path.read_bytes()
    text = f"{path} has the C server's table gearman_queue, and others: bills, notes: "
    for use in (queue_file(path).open, queue_file(path).check):
        with pytest.raises(StoreError, match=re.escape(text)):
            use()
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_many_jobs(path: Path) -> None:
    """A large queue is imported in its order."""
    run(
        path,
        NEW_TABLE,
        """WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30000)
        INSERT INTO gearman_queue SELECT 'u' || i, 'f', 1, 'data ' || i, 0 FROM n""",
    )
    found, _ = imported(path)
    assert [job[1] for job in found] == [b"u%d" % number for number in range(1, 30_001)]


def test_an_import_that_fails(path: Path) -> None:
    """The C server's file is in its place and not changed."""
    run(path, NEW_TABLE, "INSERT INTO gearman_queue VALUES ('u', 'f', 1, zeroblob(500000), 0)")
    before = path.read_bytes()
    with file_size_limit(300_000), pytest.raises(StoreError, match="writing the disk failed"):
        queue_file(path).open()
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]
    with (
        locked_by_another_process(path),
        pytest.raises(StoreError, match="another process holds its lock"),
    ):
        queue_file(path).open()
    assert imported(path)[0] == [(b"f", b"u", NORMAL, bytes(500_000), 0.0, None)]


def test_a_start_that_dies_between_the_two_files(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next start puts the new file in its place."""
    run(path, NEW_TABLE, "INSERT INTO gearman_queue VALUES ('u', 'f', 1, 'data', 0)")

    def die(_: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("gearman_tx.store.sqlite.replacement.finish_replacement", die)
    with pytest.raises(KeyboardInterrupt):
        queue_file(path).open()
    monkeypatch.undo()
    assert not path.exists()
    file = queue_file(path)
    file.open()
    assert [job.unique for job in read_all(file)] == [b"u"]
    file.close()
    assert Path(f"{path}.before-gearman-tx-1").exists()
