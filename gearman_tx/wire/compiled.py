"""Whether the path of packets runs compiled: an installation tries, see setup.py."""

from __future__ import annotations

from typing import Final

IS_COMPILED: Final = not __file__.endswith(".py")
"""Whether this module, and so the others of the hot path, was compiled when it was installed."""
