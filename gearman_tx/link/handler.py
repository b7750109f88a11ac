"""The function that is called for each packet of a type, and for each text line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

Handler = Callable[[Any, Any], bool | None]
"""Takes the subject of an input and the body of a packet; returns :data:`SUSPEND` or None."""

SUSPEND: Final = True
"""The answer of a handler when the units behind its own must wait for ``proceed``."""
