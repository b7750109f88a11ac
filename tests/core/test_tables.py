"""The table of functions: it makes room for new ones by forgetting unused ones."""

from __future__ import annotations

import pytest

from gearman_tx.core import FunctionSettings
from gearman_tx.errors import Refused
from tests.core.conftest import BuildCore
from tests.core.core_fixture import NOON, CoreFixture

FULL = (b"QUEUE_ERROR", b"Too many functions, the limit is 3")


@pytest.fixture
def small(build: BuildCore) -> CoreFixture:
    """A job server that knows three functions at most."""
    return build(max_functions=3)


def names(core: CoreFixture) -> list[bytes]:
    """Return the functions that reports show."""
    return [function.name for function in core.server.snapshots.functions()]


def use_up(core: CoreFixture, *functions: bytes) -> None:
    """Let each function have a job that ended."""
    for name in functions:
        client, worker = core.connection(), core.worker(name)
        client.submit(name)
        worker.complete(worker.grab())
        worker.leave()


def test_functions_stay_listed_as_long_as_there_is_room(small: CoreFixture) -> None:
    """As in the C server, where they stay forever."""
    use_up(small, b"a", b"b", b"c")
    assert names(small) == [b"a", b"b", b"c"]


def test_a_full_table_makes_room_by_forgetting_the_unused(small: CoreFixture) -> None:
    """All of them at once."""
    use_up(small, b"a", b"b", b"c")
    small.connection().submit(b"d")
    assert names(small) == [b"d"]


def test_a_full_table_refuses_new_names(small: CoreFixture) -> None:
    """To clients, workers and operators alike; known names go on."""
    client = small.connection()
    for name in (b"a", b"b", b"c"):
        client.submit(name)
    client.submit(b"d")
    assert client.answers[-1] == FULL
    for verb in (
        lambda: small.worker(b"d"),
        lambda: small.server.control.create_function(b"d"),
        lambda: small.server.control.configure(b"d", FunctionSettings((1, 1, 1))),
    ):
        with pytest.raises(Refused, match="Too many functions"):
            verb()
    assert client.submit(b"a")


def test_a_function_in_use_is_not_forgotten(small: CoreFixture) -> None:
    """By a worker, a queued, a running or a delayed job, or the operator."""
    for use in ("worker", "queued", "running", "delayed", "created", "limited"):
        small = CoreFixture(type(small.server.tables.policy)(max_functions=1))
        client = small.connection()
        if use == "worker":
            small.worker(b"a")
        elif use == "queued":
            client.submit(b"a")
        elif use == "running":
            client.submit(b"a")
            worker = small.worker(b"a")
            worker.grab()
            worker.cant_do(b"a")
        elif use == "delayed":
            client.promise(b"a", due=NOON + 5)
        elif use == "created":
            small.server.control.create_function(b"a")
        else:
            small.server.control.configure(b"a", FunctionSettings((1, 1, 1)))
        client.submit(b"b")
        assert names(small) == [b"a"], use


def test_a_function_whose_jobs_are_being_stored_is_not_forgotten(build: BuildCore) -> None:
    """Its jobs are about to be queued."""
    core = build(max_functions=1, durable=True)
    client = core.connection()
    client.promise(b"a")
    client.submit(b"b")
    assert client.answers == [None, (b"QUEUE_ERROR", b"Too many functions, the limit is 1")]
    core.commit()
    assert client.answers[0] == b"H:t:1"


def test_a_full_table_is_searched_once_a_second_at_most(small: CoreFixture) -> None:
    """A flood of new names costs no more than its refusals."""
    client = small.connection()
    for name in (b"a", b"b", b"c", b"d"):
        client.submit(name)
    use_up(small)
    client.leave()
    other = small.connection()
    other.submit(b"d")
    assert other.answers == [FULL]
    small.wait(1)
    assert other.submit(b"d")
    assert names(small) == [b"d"]


def test_a_dropped_function_makes_room_at_once(small: CoreFixture) -> None:
    """The operator need not wait."""
    for name in (b"a", b"b", b"c"):
        small.server.control.create_function(name)
    small.server.control.drop_function(b"b")
    small.server.control.create_function(b"d")
    assert names(small) == [b"a", b"c", b"d"]


def test_a_refused_name_leaves_nothing(small: CoreFixture) -> None:
    """Neither for a name that is too long nor for one too many."""
    core = CoreFixture(type(small.server.tables.policy)(max_function_name=2))
    core.connection().submit(b"abc")
    assert names(core) == []
