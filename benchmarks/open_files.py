"""The number of open files that a kind of work needs."""

from __future__ import annotations

import resource

from benchmarks.errors import BenchmarkError


def raise_open_files() -> None:
    """Raise the limit of open files of this process and its children as far as allowed."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def require_open_files(needed: int, what: str) -> None:
    """Check that there may be ``needed`` open files.

    Raises:
        BenchmarkError: the limit is lower; the message says what to do.
    """
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < needed:
        raise BenchmarkError(
            f"{what} needs {needed} open files and the limit is {soft}: raise it with ulimit -n"
        )
