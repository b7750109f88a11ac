"""The page about importing a queue: each of its commands takes over what a C server left."""

from __future__ import annotations

import os
import signal
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

import pytest

from gearman_tx.testing import ServerProcess
from tests.daemon.process import wait_gone
from tests.docs.blocks import runs
from tests.docs.conftest import MakeReader
from tests.docs.reader import Reader
from tests.importing.c_server_queue import NORMAL_BG, leave_behind, stored
from tests.importing.databases import (
    PASSWORD,
    USER,
    Database,
    mysql,
    psql,
    running_mariadb,
    running_postgresql,
    running_redis,
)
from tests.interop.interop_server import InteropServer
from tests.support.peers import require_program
from tests.support.ports import free_port
from tests.support.servers import wait_ready

PAGE = "docs/how-to/import-a-queue.rst"
TASKS = [(NORMAL_BG, (b"resize", b"u%d" % number, b"photo")) for number in range(3)]


@pytest.fixture
def reader(make_reader: MakeReader) -> Reader:
    """A reader who has the password in a file."""
    require_program("gearman", "apt-get install gearman-tools")
    reader = make_reader(PAGE, free_port())
    (reader.folder / "secret").write_text(PASSWORD)
    return reader


def take(reader: Reader, name: str, words: Mapping[str, str]) -> list[str]:
    """Run a block and return the last lines of its commands."""
    reader.words = words
    return [outcome.lines[-1] for outcome in reader.run(name)]


@runs(PAGE, "look", "take", "start", "delete")
def test_a_file_of_sqlite(reader: Reader) -> None:
    """The reader looks, takes over, starts the server, and deletes; a worker does the jobs."""
    old = reader.folder / "queue.db"
    leave_behind(reader.folder, TASKS, "--queue-type=libsqlite3", f"--libsqlite3-db={old}")
    words = {"/var/lib/gearman": str(reader.folder)}
    (line,) = take(reader, "look", words)
    assert line.startswith(f"3 jobs of the table gearman_queue of {old} would be imported into ")
    assert list(reader.folder.glob("*.sqlite3")) == []
    take(reader, "take", words)
    (process,) = reader.start("start")
    server = ServerProcess(process.process, reader.port, process.out_file)
    wait_ready(server)
    InteropServer("ours", server).await_counts("resize", lambda counts: counts.total == 3)
    done = reader.type("gearman -w -c 3 -f resize -- cat")
    assert done.status == 0
    InteropServer("ours", server).await_counts("resize", lambda counts: counts.total == 0)
    pid = int(server.ask(b"getpid\n").split()[1])  # not that of the shell
    os.kill(pid, signal.SIGTERM)
    wait_gone(pid)
    (line,) = take(reader, "delete", words)
    assert line == "3 jobs deleted from the source"
    with closing(sqlite3.connect(old)) as connection:
        assert connection.execute("SELECT count(*) FROM gearman_queue").fetchone() == (0,)


@pytest.fixture(scope="module")
def mariadb() -> Iterator[Database]:
    """Run MariaDB."""
    with running_mariadb() as database:
        mysql(database, "CREATE DATABASE jobs")
        yield database


@runs(PAGE, "mysql", "mysql-socket")
def test_mysql(reader: Reader, mariadb: Database) -> None:
    """By TCP and by a Unix socket the jobs are the same ones."""
    leave_behind(
        reader.folder,
        TASKS,
        *("--queue-type=mysql", "--mysql-host=127.0.0.1", f"--mysql-port={mariadb.port}"),
        *(f"--mysql-user={USER}", f"--mysql-password={PASSWORD}", "--mysql-db=jobs"),
    )
    words = {
        "db.example:3306": f"127.0.0.1:{mariadb.port}",
        "/run/mysqld/mysqld.sock": str(mariadb.folder / "sock"),
    }
    for name in ("mysql", "mysql-socket"):
        (line,) = take(reader, name, words)
        assert line.startswith("3 jobs of the table gearman_queue of MySQL's database jobs")
        queue_file_of(reader).unlink()


@runs(PAGE, "postgresql", "postgresql-address")
def test_postgresql(reader: Reader) -> None:
    """By the C server's words and by an address the jobs are the same ones."""
    with running_postgresql() as database:
        psql(database, "CREATE DATABASE jobs")
        words = f"host=127.0.0.1 port={database.port} user={USER} dbname=jobs"
        secret = f"{words} password='{PASSWORD}'"
        options = ("--queue-type=postgres", f"--libpq-conninfo={secret}")
        leave_behind(reader.folder, TASKS, *options)
        port = str(database.port)
        for name in ("postgresql", "postgresql-address"):
            (line,) = take(reader, name, {"db.example": "127.0.0.1", "5432": port})
            assert line.startswith("3 jobs of the table queue of PostgreSQL's database jobs")
            queue_file_of(reader).unlink()


@runs(PAGE, "redis", "function")
def test_redis(reader: Reader) -> None:
    """A function with a hyphen has to be named."""
    tasks = [*TASKS, (NORMAL_BG, (b"resize-image", b"u", b"photo"))]
    with running_redis() as database:
        leave_behind(
            reader.folder,
            tasks,
            *("--queue-type=redis", "--redis-server=127.0.0.1"),
            *(f"--redis-port={database.port}", f"--redis-password={PASSWORD}"),
        )
        reader.words = {"db.example:6379": f"127.0.0.1:{database.port}"}
        (outcome,) = reader.run("redis", status=1)
        assert b"name its function with --function" in outcome.err
        (outcome,) = reader.run("function")
    assert outcome.lines[-2].startswith("1 job of the keys _gear_*")
    jobs = stored(queue_file_of(reader))
    assert sorted(job.function for job in jobs) == [b"resize"] * 3 + [b"resize-image"]


def queue_file_of(reader: Reader) -> Path:
    """Return the queue file that has the name of the default port."""
    return reader.folder / "gearmand-4730.sqlite3"
