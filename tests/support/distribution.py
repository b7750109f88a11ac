"""How the tests are divided among the processes of pytest-xdist.

pytest-xdist hands out the tests in the order of collection, a group at a time, to the process that
is free. Tests that wait for programs and installations come first, each by itself, unless they
share something dear, which is then made in one process. Fast tests fill the gaps at the end, a
module at a time.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pytest

PROCESSES_PER_CORE: Final = 2
"""Most tests that take long wait for other processes."""

SLOW_ROOMS: Final = (
    "packaging",
    "docs",
    "importing",
    "durable",
    "benchmarks",
    "blocking",
    "interop",
    "loopback",
    "gearmand",
    "daemon",
    "cli",
    "worker",
    "differential",
)
"""The folders of tests that start programs, those with the longest tests first."""

SHARED: Final = frozenset(
    {
        "checkout",
        "environment",
        "mariadb",
        "postgresql",
        "redis_server",
        "terminal",
        "wheel",
    }
)
"""Fixtures that are dear to make: the tests of a module that use one run in one process."""


def processes(arguments: Sequence[str]) -> int:
    """Return how many processes shall run the tests that a command line names.

    Args:
        arguments: files, folders and node ids, as pytest was given them.

    Returns:
        0, for pytest's own process, if they are files and single tests.
    """
    paths = [Path(argument.partition("::")[0]) for argument in arguments]
    if all(path.is_file() for path in paths):
        return 0
    return PROCESSES_PER_CORE * len(os.sched_getaffinity(0))


def arrange(items: list[pytest.Item]) -> None:
    """Sort the tests, the slow folders first, and put them into groups."""
    items.sort(key=_rank)
    for item in items:
        module = item.nodeid.partition("::")[0]
        fixtures = getattr(item, "fixturenames", ())
        if not SHARED.isdisjoint(fixtures) or _room(item) not in SLOW_ROOMS:
            item.add_marker(pytest.mark.xdist_group(module))


def _room(item: pytest.Item) -> str:
    return Path(item.nodeid).parts[1]


def _rank(item: pytest.Item) -> int:
    room = _room(item)
    return SLOW_ROOMS.index(room) if room in SLOW_ROOMS else len(SLOW_ROOMS)
