"""Checks in every test of the core: lawful moves only, and tables that agree at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from gearman_tx.core import STATE_NAMES, Job, Policy
from gearman_tx.core.states import MOVES
from tests.core.audit import audit
from tests.core.core_fixture import CoreFixture

BuildCore = Callable[..., CoreFixture]


class WatchedState:
    """Stands in for ``Job.state``; a move that is not in the table is an error."""

    def __init__(self, slot: property) -> None:
        self._slot = slot

    def __get__(self, job: Job | None, _: type[Job]) -> object:
        """Return the state."""
        return self if job is None else self._slot.__get__(job)

    def __set__(self, job: Job, state: int) -> None:
        """Set the state, if the table has the move."""
        try:
            before = self._slot.__get__(job)
        except AttributeError:
            before = None  # the job is being made
        if before is not None and state not in MOVES[before]:
            text = f"{job.handle!r} went from {STATE_NAMES[before]} to {STATE_NAMES[state]}"
            raise AssertionError(text)
        self._slot.__set__(job, state)


@pytest.fixture(autouse=True, scope="module")
def lawful_moves() -> Iterator[None]:
    """Watch every move of every job."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Job, "state", WatchedState(vars(Job)["state"]))
        yield


@pytest.fixture
def build() -> Iterator[BuildCore]:
    """A function that makes a core with settings of a policy; all are audited at the end."""
    built = []

    def make(*, durable: bool = False, **settings: object) -> CoreFixture:
        core = CoreFixture(Policy(**{"handle_prefix": b"H:t", **settings}), durable=durable)  # type: ignore[arg-type]  # the test names them
        built.append(core)
        return core

    yield make
    for core in built:
        audit(core.server)


@pytest.fixture
def core(build: BuildCore) -> CoreFixture:
    """A job server whose queue is in memory, with the settings that a user gets."""
    return build()


@pytest.fixture
def durable(build: BuildCore) -> CoreFixture:
    """A job server with a store behind it."""
    return build(durable=True)
