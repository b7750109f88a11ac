"""Real databases in which the C server can keep its queue, started for the tests.

Each listens on 127.0.0.1 and in its own temporary folder, and is stopped by its process id. Those
that refuse to run as root run as the user of their Debian package.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pymysql
import redis
from attrs import frozen

from tests.daemon.process import until
from tests.support.peers import require_peer, require_program
from tests.support.ports import free_port

PASSWORD = "se cret"  # noqa: S105  # of databases that exist only during a test
USER = "gearman"

_NAMES = iter(range(1_000_000))


@frozen
class Database:
    """A running database server.

    Attributes:
        port: its port on 127.0.0.1.
        folder: its temporary folder, with its Unix socket.
    """

    port: int
    folder: Path


@contextlib.contextmanager
def _folder_of(user: str) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield a new folder that ``user`` owns, and the ``Popen`` arguments to run as that user."""
    switch: dict[str, Any] = {}
    # Not pytest's folder: other users may not enter that.
    with tempfile.TemporaryDirectory(prefix="gearman-tx-") as name:
        if os.geteuid() == 0:
            known = pwd.getpwnam(user)
            os.chown(name, known.pw_uid, known.pw_gid)
            switch = {"user": known.pw_uid, "group": known.pw_gid, "extra_groups": []}
        yield Path(name), switch


@contextlib.contextmanager
def _process(
    command: list[str],
    folder: Path,
    switch: dict[str, Any],
    answers: Callable[[], object],
    stop: signal.Signals = signal.SIGTERM,
) -> Iterator[None]:
    """Start a database, wait until it answers, and stop it at the end."""
    log = folder / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=output, **switch
        )

    def is_ready() -> bool:
        assert process.poll() is None, log.read_text(errors="replace")
        with contextlib.suppress(psycopg.Error, pymysql.MySQLError, redis.RedisError, OSError):
            answers()
            return True
        return False

    try:
        until(is_ready, f"{command[0]} answers")
        yield
    finally:
        process.send_signal(stop)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _prepare(command: list[str], folder: Path, switch: dict[str, Any]) -> None:
    """Run a program that creates a database's files."""
    done = subprocess.run(
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        text=True,
        **switch,
    )
    assert done.returncode == 0, done.stdout


@contextlib.contextmanager
def running_postgresql() -> Iterator[Database]:
    """Run PostgreSQL, which needs a password on 127.0.0.1 and none at its Unix socket."""
    found = shutil.which("initdb") or next(
        iter(sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)), None
    )
    require_peer(found is not None, "PostgreSQL", "apt-get install postgresql")
    assert found is not None
    programs = Path(found).parent
    with _folder_of("postgres") as (folder, switch):
        data, port = folder / "data", free_port()
        _prepare(
            [
                str(programs / "initdb"),
                *("-D", str(data), "-U", USER, "--no-sync", "--no-locale"),
                *("--auth-local=trust", "--auth-host=scram-sha-256"),
            ],
            folder,
            switch,
        )
        command = [str(programs / "postgres"), "-D", str(data), "-k", str(folder), "-F"]
        command += ["-p", str(port), "-c", "listen_addresses=127.0.0.1"]
        database = Database(port, folder)
        with _process(command, folder, switch, lambda: psql(database, "SELECT 1"), signal.SIGINT):
            psql(database, f"ALTER ROLE {USER} PASSWORD '{PASSWORD}'")
            yield database


def psql(database: Database, *statements: str, name: str = "postgres") -> list[Any]:
    """Run statements in a database; return the rows of the last one."""
    rows: list[Any] = []
    with psycopg.connect(
        host=str(database.folder), port=database.port, user=USER, dbname=name, autocommit=True
    ) as connection:
        for statement in statements:
            cursor = connection.execute(statement)
            rows = cursor.fetchall() if cursor.description else []
    return rows


def new_postgresql_database(database: Database, encoding: str) -> str:
    """Create an empty database and return its name."""
    name = f"queue{next(_NAMES)}"
    psql(database, f"CREATE DATABASE {name} TEMPLATE template0 ENCODING '{encoding}'")
    return name


@contextlib.contextmanager
def running_mariadb() -> Iterator[Database]:
    """Run MariaDB; ``gearman`` needs a password, root at its Unix socket none."""
    install = require_program("mariadb-install-db", "apt-get install mariadb-server")
    program = require_program("mariadbd", "apt-get install mariadb-server")
    with _folder_of("mysql") as (folder, switch):
        data, port = folder / "data", free_port()
        _prepare(
            [
                *(install, "--no-defaults", f"--datadir={data}", "--skip-test-db"),
                "--auth-root-authentication-method=normal",
            ],
            folder,
            switch,
        )
        command = [program, "--no-defaults", f"--datadir={data}", f"--socket={folder / 'sock'}"]
        command += [f"--port={port}", "--bind-address=127.0.0.1", f"--pid-file={folder / 'pid'}"]
        command += ["--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=16M"]
        database = Database(port, folder)
        with _process(command, folder, switch, lambda: _greet(folder / "sock")):
            mysql(
                database,
                f"CREATE USER '{USER}'@'127.0.0.1' IDENTIFIED BY '{PASSWORD}'",
                f"CREATE USER '{USER}'@'localhost' IDENTIFIED BY '{PASSWORD}'",
                f"GRANT ALL ON *.* TO '{USER}'@'127.0.0.1'",
                f"GRANT ALL ON *.* TO '{USER}'@'localhost'",
            )
            yield database


def _greet(path: Path) -> None:
    """Connect to a Unix socket. PyMySQL would leave a socket open if it fails."""
    with socket.socket(socket.AF_UNIX) as link:
        link.connect(str(path))
        link.recv(1)


def mysql(database: Database, *statements: str, name: str | None = None) -> list[Any]:
    """Run statements in a database; return the rows of the last one."""
    rows: list[Any] = []
    with (
        pymysql.connect(
            unix_socket=str(database.folder / "sock"), user="root", database=name, autocommit=True
        ) as connection,
        connection.cursor() as cursor,
    ):
        for statement in statements:
            cursor.execute(statement)
            rows = list(cursor.fetchall())
    return rows


def new_mysql_database(database: Database, charset: str) -> str:
    """Create an empty database and return its name."""
    name = f"queue{next(_NAMES)}"
    mysql(database, f"CREATE DATABASE {name} CHARACTER SET {charset}")
    return name


@contextlib.contextmanager
def running_redis() -> Iterator[Database]:
    """Run redis with a password and without files."""
    program = require_program("redis-server", "apt-get install redis-server")
    with tempfile.TemporaryDirectory(prefix="gearman-tx-") as name:
        folder, port = Path(name), free_port()
        command = [program, "--bind", "127.0.0.1", "--port", str(port), "--save", ""]
        command += ["--requirepass", PASSWORD, "--unixsocket", str(folder / "sock")]
        database = Database(port, folder)
        with _process(command, folder, {}, lambda: redis_of(database).ping()):
            yield database


def redis_of(database: Database) -> Any:
    """Return a connection to a redis."""
    return redis.Redis(port=database.port, password=PASSWORD)
