"""The import of a queue that a real C server keeps in a real PostgreSQL."""

from __future__ import annotations

from pathlib import Path

import pytest

from gearman_tx.importing import SourceError, SourceOptions, import_jobs, open_source
from tests.importing.c_server_queue import (
    NORMAL_BG,
    check_import,
    check_many_jobs,
    leave_all,
    leave_behind,
    stored,
    take,
)
from tests.importing.databases import (
    PASSWORD,
    USER,
    Database,
    new_postgresql_database,
    psql,
)
from tests.importing.list_target import ListTarget


def conninfo(database: Database, name: str) -> str:
    """Return the C server's connection options without the password."""
    return f"host=127.0.0.1 port={database.port} user={USER} dbname={name}"


def c_options(database: Database, name: str, *more: str) -> tuple[str, ...]:
    """Return the options of the C server."""
    secret = f"{conninfo(database, name)} password='{PASSWORD}'"
    return ("--queue-type=postgres", f"--libpq-conninfo={secret}", *more)


def count(database: Database, name: str, table: str = "queue") -> int:
    """Return how many rows are in a table."""
    return len(psql(database, f"TABLE {table}", name=name))


@pytest.mark.parametrize("encoding", ["UTF8", "SQL_ASCII", "LATIN1"])
def test_from_the_c_server_to_a_worker(
    postgresql: Database, tmp_path: Path, path: Path, encoding: str
) -> None:
    """Every job comes back in its order, with its priority and time, and a worker runs it.

    The C server itself would give them all high priority, and run the delayed job at once.
    """
    name = new_postgresql_database(postgresql, encoding)
    odd = encoding != "UTF8"
    jobs = leave_all(tmp_path, *c_options(postgresql, name), odd=odd)
    address = f"postgresql:{conninfo(postgresql, name)}"
    source = f"the table queue of PostgreSQL's database {name}"
    check_import(tmp_path, path, jobs, address, source, PGPASSWORD=PASSWORD)
    assert count(postgresql, name) == len(jobs)


def test_an_address_and_another_table(postgresql: Database, tmp_path: Path, path: Path) -> None:
    """A ``postgresql://`` address works; the table is found as the C server finds it."""
    name = new_postgresql_database(postgresql, "UTF8")
    leave_behind(
        tmp_path,
        [(NORMAL_BG, (b"f", b"u", b"data"))],
        *c_options(postgresql, name, "--libpq-table=Jobs"),
    )
    secret = tmp_path / "secret"
    secret.write_text(f"{PASSWORD}\n")
    words = ("--table", "Jobs", "--password-file", str(secret), "--delete")
    done = take(tmp_path, f"postgresql://{USER}@127.0.0.1:{postgresql.port}/{name}", *words)
    assert done.status == 0, done
    assert "1 job deleted from the source" in done.out
    assert [job.workload for job in stored(path)] == [b"data"]
    assert count(postgresql, name, "jobs") == 0


def test_columns_of_bytes_without_times(postgresql: Database, tmp_path: Path, path: Path) -> None:
    """Names in columns of bytes are read as they are; the time may be missing."""
    name = new_postgresql_database(postgresql, "UTF8")
    psql(
        postgresql,
        "CREATE TABLE queue (unique_key BYTEA, function_name BYTEA, priority INT, data BYTEA)",
        r"INSERT INTO queue VALUES ('\xfe00'::bytea, 'f', 1, '1'), ('\xfe', '\xff', 2, NULL)",
        name=name,
    )
    done = take(tmp_path, f"postgresql:{conninfo(postgresql, name)}", PGPASSWORD=PASSWORD)
    assert done.status == 1
    assert "left: function 'f', unique '\\\\xfe\\x00': its unique has a NUL in it" in done.err
    assert stored(path) == [(b"\xff", b"\xfe", 2, b"", 0.0)]


@pytest.mark.parametrize("may", ["GRANT", "REVOKE"])
def test_a_user_who_may_only_read(postgresql: Database, tmp_path: Path, may: str) -> None:
    """Such a user can import; the database is recognised under another address."""
    name = new_postgresql_database(postgresql, "UTF8")
    leave_behind(tmp_path, [(NORMAL_BG, (b"f", b"u", b"1"))], *c_options(postgresql, name))
    to = "TO" if may == "GRANT" else "FROM"
    psql(
        postgresql,
        f"CREATE ROLE reader{name} LOGIN",
        f"GRANT SELECT ON queue TO reader{name}",
        f"{may} EXECUTE ON FUNCTION pg_control_system() {to} PUBLIC",
        name=name,
    )
    where = f"host={postgresql.folder} port={postgresql.port} dbname={name}"
    done = take(tmp_path, f"postgresql:{where} user=reader{name}")
    assert done.status == 0, done
    done = take(tmp_path, f"postgresql:{conninfo(postgresql, name)}", PGPASSWORD=PASSWORD)
    assert done.status == (1 if may == "GRANT" else 0)
    done = take(tmp_path, f"postgresql:{where} user=reader{name}", "--only-new", "--delete")
    assert done.status == 3
    assert "the jobs were imported, but cannot change" in done.err
    assert "permission denied" in done.err
    assert count(postgresql, name) == 1


def test_many_jobs(postgresql: Database, tmp_path: Path, path: Path) -> None:
    """The memory of an import does not grow with the queue."""
    name = new_postgresql_database(postgresql, "UTF8")
    psql(
        postgresql,
        "CREATE TABLE queue (unique_key VARCHAR(64), function_name VARCHAR(255), priority INT,"
        " data BYTEA, when_to_run INT)",
        "INSERT INTO queue SELECT 'u' || i, 'f', 1, decode(repeat('00', 10000), 'hex'), 0"
        " FROM generate_series(1, 10000) AS i",
        name=name,
    )
    where = f"postgresql:{conninfo(postgresql, name)}"
    check_many_jobs(tmp_path, path, where, PGPASSWORD=PASSWORD)
    assert count(postgresql, name) == 0


def test_rows_that_change_meanwhile(postgresql: Database, tmp_path: Path, path: Path) -> None:
    """If a C server changes a row during an import, no row is deleted."""
    name = new_postgresql_database(postgresql, "UTF8")
    tasks = [(NORMAL_BG, (b"f", b"u%d" % number, b"old")) for number in range(3)]
    leave_behind(tmp_path, tasks, *c_options(postgresql, name))
    wish = SourceOptions(
        f"postgresql:host={postgresql.folder} port={postgresql.port} user={USER} dbname={name}",
        will_delete=True,
    )
    source = open_source(wish)
    target = ListTarget(
        at_commit=lambda: psql(
            postgresql, "UPDATE queue SET data = 'new' WHERE unique_key = 'u1'", name=name
        )
    )
    outcome = import_jobs(source, target, 0.0, delete=True)
    source.close()
    assert outcome.deleted == 0
    assert "could not serialize access" in outcome.not_deleted
    assert [job.workload for job in target.jobs] == [b"old"] * 3
    assert count(postgresql, name) == 3
    assert not path.exists()


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("--table", "nothing"), "the table nothing of PostgreSQL"),
        (("--table", "pg_class"), "the table pg_class of PostgreSQL's database postgres"),
        (("--table", "a b"), "cannot read the table a b"),
    ],
)
def test_a_table_that_does_not_exist(
    postgresql: Database, tmp_path: Path, words: tuple[str, ...], text: str
) -> None:
    """A missing table, or one of another program, is an error of one line."""
    address = f"postgresql:{conninfo(postgresql, 'postgres')}"
    done = take(tmp_path, address, *words, PGPASSWORD=PASSWORD)
    assert done.status == 3
    assert text in done.err
    assert done.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_database_that_cannot_be_reached(postgresql: Database, tmp_path: Path) -> None:
    """Without the password, or without a server, one line says why."""
    done = take(tmp_path, f"postgresql:{conninfo(postgresql, 'postgres')}", PGPASSWORD="wrong")
    assert done.status == 3
    assert "password authentication failed" in done.err
    done = take(tmp_path, "postgresql://127.0.0.1:1/x")
    assert done.status == 3
    assert "refused" in done.err
    with pytest.raises(SourceError, match="cannot read"):
        open_source(SourceOptions("postgresql:nonsense"))
