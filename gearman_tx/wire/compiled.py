"""Whether the hot path is compiled: the list is building/hot_path.txt."""

from __future__ import annotations

from typing import Final

IS_COMPILED: Final = not __file__.endswith(".py")
"""True if this module is compiled; all modules of the hot path are compiled together."""
