"""The version of gearman_tx, written here and nowhere else, and how this copy of it was built.

setup.py reads the version from this text, without importing it.
"""

from __future__ import annotations

from typing import Final

from gearman_tx.wire import IS_COMPILED

__version__ = "0.1.0"

BUILD: Final = "compiled" if IS_COMPILED else "not compiled"
"""What every ``--version`` and the first line of the server's log add to the version."""
