"""Verbs called from outside a packet go through one entry."""

from __future__ import annotations

import pytest

from gearman_tx.core import Batch
from tests.core.core_fixture import NOON, CoreFixture


def test_act_sets_the_time_and_calls_on_act(core: CoreFixture) -> None:
    """Before the verb and after it."""
    told: list[int] = []
    core.server.on_act(lambda: told.append(len(core.server.tables.jobs)))
    handle = core.connection().submit()
    assert told == []
    assert core.server.act(NOON + 7, lambda: core.server.control.cancel(handle)) is True
    assert (core.server.unix_time, told) == (NOON + 7, [0])


def test_on_act_is_called_after_a_verb_that_fails(core: CoreFixture) -> None:
    """The verb may have changed something before."""
    told: list[None] = []
    core.server.on_act(lambda: told.append(None))
    with pytest.raises(ZeroDivisionError):
        core.server.act(NOON, lambda: 1 // 0)
    assert told == [None]


def test_act_works_without_on_act(core: CoreFixture) -> None:
    """A program may use the core alone."""
    assert core.server.act(NOON, lambda: 5) == 5


def test_a_batch_is_empty_if_it_changes_nothing(durable: CoreFixture) -> None:
    """An empty batch tests whether the store can write."""
    assert Batch().is_empty
    durable.connection().promise()
    assert not durable.commit().is_empty
