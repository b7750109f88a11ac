"""Which programs of the tests are measured when coverage is.

Measuring a program of the package costs a third of a second at its start, and tests start many
hundreds. The rooms that are made to be programs are measured in their own tests; all others are
measured in the process of the tests, so the programs of those tests are not.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOMS: Final = frozenset(
    {
        "blocking",
        "cli",
        "daemon",
        "durable",
        "gearmand",
        "importing",
        "reactor_thread",
        "store",
        "testing",
        "worker",
    }
)
"""The folders of tests whose programs are measured."""

_COVERAGE: Final = "COVERAGE_PROCESS_CONFIG"
"""The variable by which coverage measures the processes that a measured one starts."""


@contextlib.contextmanager
def measured_programs(module: Path, tests: Path) -> Iterator[None]:
    """Measure the programs that are started inside this block, if the module asks for it.

    Args:
        module: the module of the test that runs.
        tests: the folder of all tests.
    """
    room = module.relative_to(tests).parts[0]
    config = None if room in ROOMS or room.endswith(".py") else os.environ.pop(_COVERAGE, None)
    try:
        yield
    finally:
        if config is not None:
            os.environ[_COVERAGE] = config
