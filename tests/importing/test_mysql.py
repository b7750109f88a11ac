"""The import of a queue that a real C server keeps in a real MariaDB."""

from __future__ import annotations

from pathlib import Path

import pytest

from gearman_tx.errors import ConfigurationError
from gearman_tx.importing import SourceOptions, import_jobs, open_source
from tests.cli.programs import gearman_tx
from tests.importing.c_server_queue import (
    NORMAL_BG,
    check_import,
    check_many_jobs,
    leave_all,
    leave_behind,
    stored,
    take,
)
from tests.importing.databases import PASSWORD, USER, Database, mysql, new_mysql_database
from tests.importing.list_target import ListTarget


def address(database: Database, name: str, more: str = "") -> str:
    """Return the address of a database."""
    return f"mysql://{USER}@127.0.0.1:{database.port}/{name}{more}"


def c_options(database: Database, name: str, *more: str) -> tuple[str, ...]:
    """Return the options of the C server."""
    return (
        *("--queue-type=mysql", "--mysql-host=127.0.0.1", f"--mysql-port={database.port}"),
        *(f"--mysql-user={USER}", f"--mysql-password={PASSWORD}", f"--mysql-db={name}", *more),
    )


def uniques(database: Database, name: str, table: str = "gearman_queue") -> list[str]:
    """Return the uniques of the rows of a table."""
    rows = mysql(database, f"SELECT unique_key FROM {table}", name=name)  # noqa: S608  # a test's
    return [str(row[0]) for row in rows]


@pytest.mark.parametrize("charset", ["utf8mb4", "latin1"])
def test_from_the_c_server_to_a_worker(
    mariadb: Database, tmp_path: Path, path: Path, charset: str
) -> None:
    """Every job comes back in its order, in each encoding of the table, and a worker runs it."""
    name = new_mysql_database(mariadb, charset)
    jobs = leave_all(tmp_path, *c_options(mariadb, name), odd=False)
    source = f"the table gearman_queue of MySQL's database {name}"
    check_import(tmp_path, path, jobs, address(mariadb, name), source, MYSQL_PWD=PASSWORD)
    assert len(uniques(mariadb, name)) == len(jobs)


def test_deleting_at_a_socket(mariadb: Database, tmp_path: Path, path: Path) -> None:
    """Imported rows are deleted; the address may name a Unix socket, an option the table."""
    name = new_mysql_database(mariadb, "utf8mb4")
    jobs = leave_all(tmp_path, *c_options(mariadb, name, "--mysql-table=my_jobs"), odd=False)
    where = f"mariadb://{USER}@localhost/{name}?unix_socket={mariadb.folder / 'sock'}"
    mysql(mariadb, "INSERT INTO my_jobs VALUES ('bad', concat('f', char(0)), 9, 'x', 0)", name=name)
    words = ("--table", "my_jobs", "--delete")
    done = take(tmp_path, where, *words, MYSQL_PWD=PASSWORD)
    assert done.status == 1
    assert "left: function 'f\\x00', unique 'bad': its function has a NUL in it" in done.err
    assert f"{len(jobs)} jobs deleted from the source" in done.out
    assert stored(path) == jobs
    assert uniques(mariadb, name, "my_jobs") == ["bad"]


def test_names_of_an_old_client_library(mariadb: Database, tmp_path: Path, path: Path) -> None:
    """``charset=latin1`` restores names that a C server sent as bytes of that encoding.

    C servers built with MySQL's own library do so; latin1 was its default for long.
    """
    name = new_mysql_database(mariadb, "utf8mb4")
    mysql(
        mariadb,
        "CREATE TABLE gearman_queue (unique_key VARCHAR(64), function_name VARCHAR(255),"
        " priority INT, data LONGBLOB)",
        "INSERT INTO gearman_queue VALUES (CONVERT(_latin1 x'80e9' USING utf8mb4),"
        " CONVERT(_latin1 x'c3a981' USING utf8mb4), 0, NULL), ('\N{SNOWMAN}', 'f', 1, 'x')",
        name=name,
    )
    done = take(tmp_path, address(mariadb, name, "?charset=latin1"), MYSQL_PWD=PASSWORD)
    assert done.status == 1
    assert "its names are not latin1; see charset= in the address" in done.err
    assert stored(path) == [(b"\xc3\xa9\x81", b"\x80\xe9", 0, b"", 0.0)]


def test_columns_of_bytes(mariadb: Database, tmp_path: Path, path: Path) -> None:
    """Names in columns of bytes are not converted."""
    name = new_mysql_database(mariadb, "utf8mb4")
    mysql(
        mariadb,
        "CREATE TABLE gearman_queue (unique_key VARBINARY(64), function_name VARBINARY(255),"
        " priority INT, data LONGBLOB, when_to_run INT)",
        name=name,
    )
    jobs = leave_all(tmp_path, *c_options(mariadb, name))
    done = take(tmp_path, address(mariadb, name), "--delete", MYSQL_PWD=PASSWORD)
    assert done.status == 0, done
    assert stored(path) == jobs
    assert uniques(mariadb, name) == []


def test_many_jobs(mariadb: Database, tmp_path: Path, path: Path) -> None:
    """The memory of an import does not grow with the queue."""
    name = new_mysql_database(mariadb, "utf8mb4")
    mysql(
        mariadb,
        "CREATE TABLE gearman_queue (unique_key VARCHAR(64), function_name VARCHAR(255),"
        " priority INT, data LONGBLOB, when_to_run INT, UNIQUE KEY (unique_key, function_name))",
        "INSERT INTO gearman_queue SELECT concat('u', seq), 'f', 1, repeat('x', 10000), 0"
        " FROM seq_1_to_10000",
        name=name,
    )
    check_many_jobs(tmp_path, path, address(mariadb, name), MYSQL_PWD=PASSWORD)
    assert uniques(mariadb, name) == []


def test_a_c_server_that_still_runs(mariadb: Database, tmp_path: Path) -> None:
    """A job that was stored after the reading is neither imported nor deleted."""
    name = new_mysql_database(mariadb, "utf8mb4")
    leave_behind(tmp_path, [(NORMAL_BG, (b"f", b"u1", b"1"))], *c_options(mariadb, name))
    source = open_source(SourceOptions(address(mariadb, name), password=PASSWORD))
    target = ListTarget(
        at_commit=lambda: mysql(
            mariadb, "INSERT INTO gearman_queue VALUES ('u2', 'f', 1, '2', 0)", name=name
        )
    )
    outcome = import_jobs(source, target, 0.0, delete=True)
    source.close()
    assert (outcome.added.count, outcome.deleted) == (1, 1)
    assert uniques(mariadb, name) == ["u2"]


def test_sources_that_do_not_exist(mariadb: Database, tmp_path: Path) -> None:
    """A wrong database, table or password is an error of one line."""
    for where, words, secret, text in (
        (address(mariadb, "nothing"), (), PASSWORD, "Unknown database 'nothing'"),
        (address(mariadb, "mysql"), (), PASSWORD, "Table 'mysql.gearman_queue' doesn't exist"),
        (address(mariadb, "mysql"), ("--table", "db"), PASSWORD, "is not the C server's"),
        (address(mariadb, "mysql"), (), "wrong", "Access denied"),
        ("mysql://127.0.0.1:1/x", (), "", "refused"),
    ):
        done = gearman_tx("import", where, *words, data=b"", folder=tmp_path, MYSQL_PWD=secret)
        assert done.status == 3
        assert text in done.err
        assert done.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("where", "text"),
    [
        ("mysql:host=x", "is not an address: mysql://USER@HOST:PORT/DATABASE"),
        ("mysql://x", "names no database"),
        ("mysql://x/y?color=red", "'color' in .* is unknown; there are charset, ssl_ca"),
        ("mysql://x/y?charset=koi8r", "charset='koi8r' is unknown; there are utf8mb4 and latin1"),
        ("mysql://x:port/y", "port"),
        ("mysql://user:secret@x/y", "read a password on the command line: .* MYSQL_PWD"),
    ],
)
def test_invalid_addresses(where: str, text: str) -> None:
    """The error shows the wrong part and the valid forms."""
    with pytest.raises(ConfigurationError, match=text):
        open_source(SourceOptions(where))
