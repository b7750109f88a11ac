"""The limits of open files and connections of the process."""

from __future__ import annotations

import resource
from typing import Final

from gearman_tx.errors import ConfigurationError

RESERVE: Final = 32
"""Descriptors that connections do not get: for the log, listening sockets, ..."""

_HIGHEST: Final = 2**20
"""The highest limit that is set by default; some machines allow a thousand times as many."""


def set_limit(wanted: int | None, least: int = 1) -> int:
    """Set the number of files that this process may have open, and return it.

    Args:
        wanted: the number, which is raised to ``least`` where this user may have as many; None
            or 0 for as many as the operating system allows this user.
        least: the smallest number with which a server can work.

    Raises:
        ConfigurationError: this user may not have so many.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    is_unlimited = hard == resource.RLIM_INFINITY  # which is a negative number
    if wanted and wanted < least:
        wanted = least if is_unlimited else max(wanted, min(hard, least))
    if not wanted:
        wanted = _HIGHEST if is_unlimited else max(soft, min(hard, _HIGHEST))
    if wanted == soft:
        return soft
    try:
        limits = (wanted, hard if is_unlimited else max(wanted, hard))
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    except (ValueError, OSError) as error:
        text = f"--file-descriptors: {wanted} is more than the {hard} that this user may have open"
        raise ConfigurationError(f"{text}; give a smaller number, or start as root") from error
    return wanted


def connection_limit(open_files: int, most: int) -> int:
    """Return how many connections ``open_files`` allow: at least 1, and no more than ``most``."""
    return max(1, min(most, open_files - RESERVE))
