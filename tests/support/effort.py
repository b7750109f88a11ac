"""How much the long tests do: little in every run, more when somebody has the time.

``GEARMAN_TX_EFFORT=50 pytest tests/core/test_machine.py`` looks fifty times longer.
"""

from __future__ import annotations

import os
from typing import Final

from hypothesis import HealthCheck, settings

EFFORT: Final = max(1, int(os.environ.get("GEARMAN_TX_EFFORT", "1")))
"""How many times more examples than in an ordinary run are tried."""


def long_run(examples: int, steps: int) -> settings:
    """Return settings for a state machine: runs in an ordinary test run, and steps in each."""
    return settings(
        max_examples=examples * EFFORT,
        stateful_step_count=steps,
        suppress_health_check=[HealthCheck.too_slow],
    )
