"""What the exit status of ``gearman-tx`` says; ``gearman-tx gearmand`` keeps the C server's."""

from __future__ import annotations

from typing import Final

FAILED: Final = 1
"""A job failed, took too long or is not known; or a queue file cannot be used.

Without click: the command cannot run.
"""

USAGE: Final = 2
"""The command line, or something that it names, is wrong."""

UNREACHABLE: Final = 3
"""A job server, or a database, could not be reached, was lost or did not answer."""

REFUSED: Final = 4
"""A job server refused what was asked, or does not know it."""

INTERRUPTED: Final = 130
"""SIGINT or SIGTERM came first."""
