"""The effects of importing the package."""

from __future__ import annotations

import subprocess
import sys

import gearman_tx

PROGRAM = "import sys, gearman_tx; sys.exit('twisted.internet.reactor' in sys.modules)"


def test_importing_the_package_installs_no_reactor() -> None:
    """A program may still choose its reactor after ``import gearman_tx``."""
    subprocess.run([sys.executable, "-c", PROGRAM], check=True)


def test_all_names_are_there() -> None:
    """``__all__`` is sorted as ruff sorts it and names nothing that is missing."""
    assert all(hasattr(gearman_tx, name) for name in gearman_tx.__all__)
