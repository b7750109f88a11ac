"""How many examples hypothesis plays: few enough for every run, or as many as one asks for.

``GEARMAN_TX_DIFFERENTIAL=20 pytest tests/differential`` plays twenty times as many. With
``CI=true`` they are the same in every run.
"""

from __future__ import annotations

import os
from typing import Final

from hypothesis import HealthCheck, settings

_TIMES: Final = float(os.environ.get("GEARMAN_TX_DIFFERENTIAL", "1"))


def examples(count: int) -> settings:
    """Return the settings of a test that plays ``count`` scripts, or as many times more as asked.

    Servers of their own process make examples slow, and their number is what bounds the time.
    """
    return settings(
        max_examples=max(1, int(count * _TIMES)),
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
