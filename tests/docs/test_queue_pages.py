"""The pages about the queue file: start with it, copy it, look into it, import the C server's."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from gearman_tx.store.sqlite.schema import ROOT_OF_JOBS, VERSION
from gearman_tx.testing import ServerProcess
from tests.daemon.process import wait_gone
from tests.docs.blocks import read_blocks, runs
from tests.docs.conftest import MakeReader
from tests.docs.reader import Reader
from tests.interop.interop_server import InteropServer
from tests.store.files import damage, queue_file, stored, zeros
from tests.store.records import records
from tests.store.test_formats import FORMAT_1, query
from tests.store.test_salvage import make
from tests.support.peers import require_program
from tests.support.ports import free_port
from tests.support.servers import wait_ready

HOW_TO = "docs/how-to/keep-the-queue.rst"
REFERENCE = "docs/reference/queue-file.rst"
C_TABLE = """
CREATE TABLE gearman_queue (
    unique_key TEXT, function_name TEXT, priority INTEGER, data BLOB, when_to_run INTEGER,
    PRIMARY KEY (unique_key, function_name)
)
"""


@pytest.fixture
def reader(make_reader: MakeReader) -> Reader:
    """A reader without a server: the page starts it."""
    require_program("sqlite3", "apt-get install sqlite3")
    require_program("gearman", "apt-get install gearman-tools")
    return make_reader(HOW_TO, free_port())


def start(reader: Reader, name: str) -> InteropServer:
    """Start the server of a block, and wait until it answers."""
    (process,) = reader.start(name)
    server = ServerProcess(process.process, reader.port, process.out_file)
    wait_ready(server)
    return InteropServer("ours", server)


@runs(HOW_TO, "start", "backup", "copy", "restore")
@runs(REFERENCE, "look")
def test_a_job_is_in_the_file_and_in_its_copy(reader: Reader, make_reader: MakeReader) -> None:
    """What a background client submitted is in all of them, and in the queue when one is back."""
    server = start(reader, "start")
    reader.type("gearman -b -f resize 'ten bytes.'")
    reader.run("backup")
    reader.run("copy")
    for file in (f"gearmand-{reader.port}.sqlite3", "copy.sqlite3", "copy-2.sqlite3"):
        with closing(sqlite3.connect(reader.folder / file)) as connection:
            assert list(connection.execute("SELECT workload FROM job")) == [(b"ten bytes.",)]
    (outcome,) = make_reader(REFERENCE, reader.port).run("look")
    assert outcome.lines == ["resize|1|10"]
    assert server.counts("resize").total == 1

    reader.type("gearman -b -f resize 'later'")
    pid = int(server.process.ask(b"getpid\n").split()[1])  # not that of the shell
    os.kill(pid, signal.SIGKILL)
    wait_gone(pid)
    reader.run("restore")
    server = start(reader, "start")
    reader.type("gearman -b -f other 'answered when the file is loaded'")
    assert server.counts("resize").total == 1


@runs(HOW_TO, "recover-into", "recover")
def test_a_damaged_file_is_recovered(make_reader: MakeReader) -> None:
    """The reader gets the 400 jobs of a damaged file into a new one, then into its place."""
    reader = make_reader(HOW_TO, free_port())
    path = reader.folder / f"gearmand-{reader.port}.sqlite3"
    make(path, records(range(1, 401)))
    damage(path, ROOT_OF_JOBS, zeros)
    reader.run("recover-into")
    reader.run("recover")
    for file in (path, reader.folder / "recovered.sqlite3"):
        assert len(stored(file)) == 400


@runs(HOW_TO, "downgrade")
def test_the_file_of_an_older_version(make_reader: MakeReader) -> None:
    """The copy from before the upgrade is back under the name of the file."""
    reader = make_reader(HOW_TO, free_port())
    path = reader.folder / f"gearmand-{reader.port}.sqlite3"
    shutil.copyfile(FORMAT_1, path)
    file = queue_file(path)
    file.open()
    file.close()
    reader.run("downgrade")
    assert query(path, "PRAGMA user_version") == 1
    assert query(reader.folder / "upgraded" / path.name, "PRAGMA user_version") == VERSION


@runs(HOW_TO, "import")
def test_the_queue_of_the_c_server(reader: Reader) -> None:
    """Its jobs are in the queue, the log says how many they were, and the file is kept."""
    reader.words = {"/var/lib/gearman": str(reader.folder)}
    path = reader.folder / "queue.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(C_TABLE)
        row = ("u", "resize", 1, b"photo", 0)
        connection.execute("INSERT INTO gearman_queue VALUES (?, ?, ?, ?, ?)", row)
        connection.commit()
    before = path.read_bytes()
    server = start(reader, "import")
    server.await_counts("resize", lambda counts: counts.total == 1)
    (log,) = (peer for peer in reader.terminals.processes if peer.running)
    log.await_output(b"1 jobs")
    assert Path(f"{path}.before-gearman-tx-1").read_bytes() == before


@runs(REFERENCE, "tables")
def test_the_tables_are_those_of_a_queue_file() -> None:
    """SQLite reads the page's SQL; the tables and columns of the text are in it."""
    with closing(sqlite3.connect(":memory:")) as connection:
        for code in read_blocks(REFERENCE, "tables"):
            connection.executescript(code)
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema")}
        columns = {row[1] for row in connection.execute("PRAGMA table_info(job)")}
    assert {"job", "policy"} <= tables
    assert {"function", "workload", "retries"} <= columns
