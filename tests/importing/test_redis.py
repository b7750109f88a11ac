"""The import of a queue that a real C server keeps in a real redis."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gearman_tx.errors import ConfigurationError
from gearman_tx.importing import SourceOptions, import_jobs, open_source
from tests.importing.c_server_queue import (
    NORMAL_BG,
    Job,
    drain,
    leave_all,
    leave_behind,
    stored,
    take,
)
from tests.importing.databases import PASSWORD, Database, redis_of
from tests.importing.list_target import ListTarget


@pytest.fixture
def keys(redis_server: Database) -> Iterator[Any]:
    """Return a connection to a redis that is empty at the beginning."""
    connection = redis_of(redis_server)
    connection.flushall()
    yield connection
    connection.close()


def c_options(database: Database, *more: str) -> tuple[str, ...]:
    """Return the options of the C server."""
    return (
        *("--queue-type=redis", "--redis-server=127.0.0.1", f"--redis-port={database.port}"),
        *(f"--redis-password={PASSWORD}", *more),
    )


def address(database: Database) -> str:
    """Return the address of a redis."""
    return f"redis://127.0.0.1:{database.port}"


def test_from_the_c_server_to_a_worker(
    redis_server: Database, keys: Any, tmp_path: Path, path: Path
) -> None:
    """Every job comes back, in any order, with its priority, and a worker does it.

    The C server itself would cut the binary workload at its first NUL.
    """
    jobs = leave_all(tmp_path, *c_options(redis_server), delayed=False)
    done = take(tmp_path, address(redis_server), REDISCLI_AUTH=PASSWORD)
    assert done.status == 0, done
    assert f"{len(jobs)} jobs of the keys _gear_* of {address(redis_server)}" in done.out
    assert sorted(stored(path)) == sorted(jobs)
    assert keys.dbsize() == len(jobs)
    drain(tmp_path, path, jobs)


def test_hyphens(redis_server: Database, keys: Any, tmp_path: Path, path: Path) -> None:
    """A key that can be read in two ways stays until the user names its function."""
    uuid = b"0f8fad5b-d9cb-469f-a165-70867728950e"
    named = [(b"a-b", b"c", b"1"), (b"f", uuid, b"2"), (b"f", b"plain", b"3")]
    tasks = [(NORMAL_BG, fields) for fields in named]
    leave_behind(tmp_path, tasks, *c_options(redis_server, "--redis-prefix=q*[1]"))
    keys.hset(b"q*[1]-f-x-y", mapping={"data": "4", "priority": 0})
    keys.hset(b"qq1-f-u", mapping={"data": "of another program", "priority": 0})
    words = (address(redis_server), "--prefix", "q*[1]", "--only-new")
    done = take(tmp_path, *words, "--delete", REDISCLI_AUTH=PASSWORD)
    assert done.status == 1
    reason = "the hyphen that ends its function is not known: name its function with --function"
    assert f"left: the key 'q*[1]-a-b-c': {reason}" in done.err
    assert f"left: the key 'q*[1]-f-x-y': {reason}" in done.err
    assert "2 jobs could not be imported and stay in the keys q*[1]*" in done.err
    assert keys.dbsize() == 3
    names = ("--function", "a-b", "--function", "f")
    done = take(tmp_path, *words, *names, "--delete", REDISCLI_AUTH=PASSWORD)
    assert done.status == 0, done
    assert sorted(stored(path)) == [
        Job(b"a-b", b"c", 1, b"1"),
        Job(b"f", uuid, 1, b"2"),
        Job(b"f", b"plain", 1, b"3"),
        Job(b"f", b"x-y", 0, b"4"),
    ]
    assert keys.keys() == [b"qq1-f-u"]


def test_keys_of_other_versions(redis_server: Database, keys: Any) -> None:
    """Newer C servers store the names in the hash; very old ones stored only the data."""
    keys.hset(
        b"_gear_-a-b-c-d",
        mapping={"data": b"\0new", "priority": 2, "function": b"a-b-c", "unique": b"d"},
    )
    keys.set(b"_gear_-f-old", b"\0old")
    keys.hset(b"_gear_-f-1", mapping={"priority": 1})
    keys.hset(b"_gear_-f-2", mapping={"data": b"x", "priority": b"high"})
    keys.rpush(b"_gear_-f-3", b"a list")
    keys.set(b"_gear_-f", b"x")
    source = open_source(SourceOptions(address(redis_server), password=PASSWORD))
    target = ListTarget()
    outcome = import_jobs(source, target, 0.0, delete=True)
    source.close()
    assert sorted(tuple(job) for job in target.jobs) == [
        Job(b"a-b-c", b"d", 2, b"\0new"),
        Job(b"f", b"2", 1, b"x"),
        Job(b"f", b"old", 1, b"\0old"),
    ]
    assert outcome.deleted == 3
    reports = sorted(line.partition(": it is no job")[0] for line in outcome.reports)
    assert reports == [
        "changed: function 'f', unique '2': its priority was 'high' and is normal now",
        "left: the key '_gear_-f': it has no hyphen between a function and a unique",
        "left: the key '_gear_-f-1': its hash has no data",
        "left: the key '_gear_-f-3'",
    ]


def test_a_key_of_a_newer_job(redis_server: Database, keys: Any) -> None:
    """A key whose job was replaced during the import is not deleted."""
    for number in range(3):
        keys.hset(b"_gear_-f-%d" % number, mapping={"data": b"old", "priority": 1})
    where = f"redis+unix://{redis_server.folder / 'sock'}"
    source = open_source(SourceOptions(where, password=PASSWORD, will_delete=True))
    target = ListTarget(at_commit=lambda: keys.hset(b"_gear_-f-1", "data", b"new"))
    outcome = import_jobs(source, target, 0.0, delete=True)
    source.close()
    assert (outcome.added.count, outcome.deleted) == (3, 2)
    assert keys.keys() == [b"_gear_-f-1"]


def test_a_redis_that_cannot_be_reached(redis_server: Database, tmp_path: Path) -> None:
    """Without the password, or without a redis, one line says why."""
    done = take(tmp_path, address(redis_server))
    assert done.status == 3
    assert "Authentication required" in done.err
    done = take(tmp_path, "redis://127.0.0.1:1")
    assert done.status == 3
    assert "refused" in done.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("where", "text"),
    [
        ("redis:localhost", "is not an address: redis://HOST:PORT/NUMBER"),
        ("redis://:secret@localhost", "read a password on the command line: .* REDISCLI_AUTH"),
        ("redis://localhost:x", "x"),
    ],
)
def test_invalid_addresses(where: str, text: str) -> None:
    """The error shows the wrong part and the valid forms."""
    with pytest.raises(ConfigurationError, match=text):
        open_source(SourceOptions(where))
