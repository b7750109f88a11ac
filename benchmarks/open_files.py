"""As many open files as a kind of work needs, or a clear word that there are not enough."""

from __future__ import annotations

import resource

from benchmarks.errors import BenchmarkError


def raise_open_files() -> None:
    """Let this process and what it starts have as many open files as the system allows it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def require_open_files(needed: int, what: str) -> None:
    """Check that there may be ``needed`` open files.

    Raises:
        BenchmarkError: there may not; the message says what to do.
    """
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < needed:
        raise BenchmarkError(
            f"{what} needs {needed} open files and the limit is {soft}: raise it with ulimit -n"
        )
