"""The limits of open files and of connections."""

from __future__ import annotations

import resource

import pytest

from gearman_tx.daemon.open_files import connection_limit, set_limit
from gearman_tx.errors import ConfigurationError

Limits = tuple[int, int]


@pytest.fixture
def limits(monkeypatch: pytest.MonkeyPatch) -> list[Limits]:
    """Stand in for the kernel: the last element is what holds, (1024, 4096) at first.

    Only root may raise the hard limit.
    """
    held = [(1024, 4096)]

    def setrlimit(_: int, wanted: Limits) -> None:
        if wanted[1] > held[-1][1]:
            raise ValueError("not allowed to raise maximum limit")
        held.append(wanted)

    monkeypatch.setattr(resource, "getrlimit", lambda _: held[-1])
    monkeypatch.setattr(resource, "setrlimit", setrlimit)
    return held


def test_as_many_as_allowed(limits: list[Limits]) -> None:
    """By default the soft limit is raised to the hard one."""
    assert set_limit(0, 64) == set_limit(None) == 4096
    assert limits[-1] == (4096, 4096)


def test_no_more_than_enough(limits: list[Limits]) -> None:
    """Without a limit of the machine one is set; some kernels are slow with 1,000 million."""
    for hard in (resource.RLIM_INFINITY, 2**30):
        limits[:] = [(1024, hard)]
        limits.append((1024, 2**31))
        assert set_limit(None) == 2**20


def test_a_wish_below_the_limit(limits: list[Limits]) -> None:
    """A smaller number is set, and the hard limit stays."""
    assert set_limit(100) == 100
    assert limits[-1] == (100, 4096)


def test_nothing_to_do(limits: list[Limits]) -> None:
    """An unchanged limit is not set again."""
    assert set_limit(1024) == 1024
    assert limits == [(1024, 4096)]


def test_a_wish_that_is_too_small(limits: list[Limits]) -> None:
    """The number is raised to the least one, or to what this user may have."""
    assert set_limit(10, 64) == 64
    assert limits[-1] == (64, 4096)
    limits[:] = [(20, 32)]
    assert set_limit(10, 64) == 32
    limits[:] = [(10, resource.RLIM_INFINITY)]
    assert set_limit(10, 64) == 64


def test_a_wish_above_the_limit(limits: list[Limits]) -> None:
    """The message has the allowed number."""
    with pytest.raises(ConfigurationError, match="5000 is more than the 4096 that this user may"):
        set_limit(5000)
    assert limits == [(1024, 4096)]


@pytest.mark.parametrize(
    ("files", "most", "connections"), [(1024, 10**6, 992), (1024, 10, 10), (16, 10**6, 1)]
)
def test_connection_limit(files: int, most: int, connections: int) -> None:
    """Some descriptors are reserved; at least one connection is allowed."""
    assert connection_limit(files, most) == connections
