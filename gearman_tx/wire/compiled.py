"""Whether the path of packets runs compiled: ``GEARMAN_TX_COMPILE=1`` at installation."""

from __future__ import annotations

from typing import Final

IS_COMPILED: Final = not __file__.endswith(".py")
"""Whether this module, and so the others of the hot path, was compiled when it was installed."""
