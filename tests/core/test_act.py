"""What acts from outside a packet goes through one entry."""

from __future__ import annotations

import pytest

from gearman_tx.core import Batch
from tests.core.core_fixture import NOON, CoreFixture


def test_the_time_is_set_and_the_front_is_told(core: CoreFixture) -> None:
    """Before the verb and after it."""
    told: list[int] = []
    core.server.on_act(lambda: told.append(len(core.server.tables.jobs)))
    handle = core.connection().submit()
    assert told == []
    assert core.server.act(NOON + 7, lambda: core.server.control.cancel(handle)) is True
    assert (core.server.now, told) == (NOON + 7, [0])


def test_the_front_is_told_of_a_verb_that_fails(core: CoreFixture) -> None:
    """It may have done something before."""
    told: list[None] = []
    core.server.on_act(lambda: told.append(None))
    with pytest.raises(ZeroDivisionError):
        core.server.act(NOON, lambda: 1 // 0)
    assert told == [None]


def test_without_a_front_there_is_nothing_to_tell(core: CoreFixture) -> None:
    """A program may use the core alone."""
    assert core.server.act(NOON, lambda: 5) == 5


def test_a_batch_is_empty_if_it_changes_nothing(durable: CoreFixture) -> None:
    """The store is asked with one whether it could write."""
    assert Batch().is_empty
    durable.connection().promise()
    assert not durable.commit().is_empty
