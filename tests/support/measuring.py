"""Whether the programs that tests start are measured when coverage is.

Measuring a program costs more time than its start, and tests start thousands. Only ``tox -e
coverage`` asks for it. Without it, the rooms that are made to be programs have no figures; all
others are measured in the processes of pytest.
"""

from __future__ import annotations

import os
from typing import Final

VARIABLE: Final = "GEARMAN_TX_MEASURE_PROGRAMS"
"""The environment variable that asks for it."""

_COVERAGE: Final = "COVERAGE_PROCESS_CONFIG"
"""The variable by which coverage measures the processes that a measured one starts."""


def configure() -> None:
    """Let the programs of this run be measured or not; coverage has begun."""
    if VARIABLE not in os.environ:
        os.environ.pop(_COVERAGE, None)
