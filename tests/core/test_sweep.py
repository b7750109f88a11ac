"""Verbs that concern very many jobs look at them in slices."""

from __future__ import annotations

import pytest

from gearman_tx.core import FunctionSettings
from gearman_tx.core.states import KEPT, QUEUED
from gearman_tx.core.sweep import SLICE
from tests.core.core_fixture import CoreFixture
from tests.core.recording_link import WORK_FAIL


def step(core: CoreFixture) -> bool:
    """Visit the next slice; return whether another one is due at once."""
    core.wait(0)
    return core.server.deadlines.next_time() == core.now


def test_a_dropped_function_is_gone_at_once(core: CoreFixture) -> None:
    """Its jobs are cancelled a slice at a time; each of their clients gets one packet."""
    client, other = core.connection(), core.connection()
    handles = [client.submit() for _ in range(2 * SLICE + 5)]
    kept = other.submit(b"g")
    core.server.control.drop_function(b"f")
    assert [f.name for f in core.server.snapshots.functions()] == [b"g"]
    assert len(client.heard()) == SLICE
    assert len(core.server.tables.jobs) == SLICE + 6
    assert step(core)
    assert not step(core)
    assert [job.handle for job in core.server.tables.jobs] == [kept]
    assert client.heard() == [(WORK_FAIL, handle) for handle in handles[SLICE:]]
    assert other.heard() == []


def test_a_name_that_was_dropped_can_be_used_while_its_old_jobs_end(core: CoreFixture) -> None:
    """Its new jobs are others: they join no old one, and no worker gets an old one."""
    client, worker = core.connection(), core.connection()
    for number in range(SLICE + 10):
        client.submit(unique=b"%d" % number)
    core.server.control.drop_function(b"f")
    worker.can_do(b"f")
    assert worker.grab() == b""
    new = client.submit(unique=b"%d" % (SLICE + 5))
    assert not step(core)
    assert [job.handle for job in core.server.tables.jobs] == [new]
    assert worker.grab() == new


def test_a_dropped_function_without_jobs_needs_no_sweep(core: CoreFixture) -> None:
    """However many jobs other functions have."""
    client = core.connection()
    for _ in range(SLICE + 1):
        client.submit()
    core.server.control.create_function(b"g")
    core.server.control.drop_function(b"g")
    assert core.server.deadlines.next_time() is None


@pytest.mark.parametrize("again", [False, True])
def test_keeping_takes_jobs_out_of_their_queues_in_slices(
    durable: CoreFixture, *, again: bool
) -> None:
    """All are kept in the end; asked for twice it is done once."""
    client = durable.connection()
    for _ in range(2 * SLICE):
        client.promise()
    durable.commit()
    durable.server.control.keep()
    if again:
        durable.server.control.keep()
    states = [job.state for job in durable.server.tables.jobs]
    assert states == [KEPT] * SLICE + [QUEUED] * SLICE
    while step(durable):
        pass
    assert {job.state for job in durable.server.tables.jobs} == {KEPT}
    assert durable.server.control.is_drained


def test_settings_of_a_function_that_is_not_known(core: CoreFixture) -> None:
    """They are the policy's, and asking makes no function."""
    control = core.server.control
    assert control.settings_of(b"f") == FunctionSettings()
    assert list(core.server.snapshots.functions()) == []
    control.configure(b"f", control.settings_of(b"f")._replace(max_queue=(1, 2, 3)))
    assert control.settings_of(b"f") == FunctionSettings((1, 2, 3))
