"""How the tests are divided among the processes of pytest-xdist.

pytest-xdist hands out work in the order of collection to the process that is free. Tests that take
long or wait for programs come first, one at a time, or a module at a time where they share an
installation. Fast tests come last, a module at a time.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pytest
from xdist.scheduler import LoadScopeScheduling

PROCESSES_PER_CORE: Final = 3
"""Most tests that take long wait for other processes."""

LONG: Final = frozenset({"tests/core/test_machine.py", "tests/server/test_cost.py"})
"""Modules of fast rooms with a test that takes many seconds: they come before all others."""

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
    "testing",
)
"""The folders of tests that start programs, those with the longest tests first."""

WHOLE: Final = frozenset(
    {
        "tests/docs/test_readme.py",
        "tests/docs/test_tutorial.py",
        "tests/importing/test_mysql.py",
        "tests/importing/test_postgresql.py",
        "tests/importing/test_redis.py",
        "tests/packaging/test_wheel.py",
    }
)
"""Modules of slow rooms whose tests share an installation or a database."""


class Distribution(LoadScopeScheduling):  # type: ignore[misc]  # pytest-xdist has no types
    """Hands out the tests one at a time, or a module at a time."""

    def _split_scope(self, nodeid: str) -> str:
        module = nodeid.partition("::")[0]
        is_split = _room(nodeid) in SLOW_ROOMS and module not in WHOLE
        return nodeid if is_split else module


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
    is_linux = hasattr(os, "sched_getaffinity")
    cores = len(os.sched_getaffinity(0)) if is_linux else os.cpu_count() or 1
    return PROCESSES_PER_CORE * cores


def arrange(items: list[pytest.Item]) -> None:
    """Sort the tests: the long modules, the slow rooms, the others."""
    items.sort(key=lambda item: _rank(item.nodeid))


def _room(nodeid: str) -> str:
    return Path(nodeid).parts[1]


def _rank(nodeid: str) -> tuple[bool, int, bool]:
    room, module = _room(nodeid), nodeid.partition("::")[0]
    place = SLOW_ROOMS.index(room) if room in SLOW_ROOMS else len(SLOW_ROOMS)
    return module not in LONG, place, module not in WHOLE
