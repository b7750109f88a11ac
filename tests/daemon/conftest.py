"""What the tests of this room rely on: no object is frozen when a test starts."""

from __future__ import annotations

import gc

import pytest


@pytest.fixture(autouse=True)
def unfrozen() -> None:
    """Unfreeze the objects that Python 3.12 froze itself, so that a test counts its own."""
    gc.unfreeze()
