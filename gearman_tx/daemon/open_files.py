"""How many files and connections the process may have open."""

from __future__ import annotations

import resource
from typing import Final

from gearman_tx.errors import ConfigurationError

RESERVE: Final = 32
"""Descriptors that are kept for other things than connections: the log, listening sockets, ..."""

_ENOUGH: Final = 2**20
"""As far as the limit is raised by itself; some machines allow a thousand times as many."""


def set_limit(wanted: int | None) -> int:
    """Set how many files this process may have open, and return that number.

    Args:
        wanted: the number; None for as many as the operating system lets this user have.

    Raises:
        ConfigurationError: this user may not have so many.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if wanted is None:
        wanted = max(soft, min(hard, _ENOUGH)) if hard != resource.RLIM_INFINITY else _ENOUGH
    if wanted == soft:
        return soft
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, max(wanted, hard)))
    except (ValueError, OSError) as error:
        text = f"--file-descriptors: {wanted} is more than the {hard} that this user may have open"
        raise ConfigurationError(f"{text}; give a smaller number, or start as root") from error
    return wanted


def connection_limit(open_files: int, most: int) -> int:
    """Return how many connections there may be with ``open_files``, and ``most`` at all."""
    return max(1, min(most, open_files - RESERVE))
