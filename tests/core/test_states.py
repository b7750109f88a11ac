"""The states of a job and the moves between them."""

from __future__ import annotations

import pytest

from gearman_tx.core import STATE_NAMES
from gearman_tx.core.states import COMMITTING, ENDED, MOVES
from tests.core.test_job_queue import make_job


def test_every_state_has_a_name_and_moves() -> None:
    """The table is over all states."""
    assert sorted(MOVES) == list(range(len(STATE_NAMES)))
    assert all(moves <= set(MOVES) for moves in MOVES.values())


def test_every_state_can_end_and_an_end_is_for_good() -> None:
    """Nothing comes after the end, and no state is a trap."""
    assert MOVES[ENDED] == frozenset()
    assert all(ENDED in moves for state, moves in MOVES.items() if state != ENDED)


def test_a_job_begins_before_it_is_durable() -> None:
    """Nothing comes before that."""
    assert make_job(1).state == COMMITTING
    assert all(COMMITTING not in moves for moves in MOVES.values())


def test_unlawful_moves_are_noticed_in_these_tests() -> None:
    """An ended job cannot be queued: what watches the other tests works."""
    job = make_job(1)
    job.state = ENDED
    with pytest.raises(AssertionError, match="went from ended to queued"):
        job.state = STATE_NAMES.index("queued")
