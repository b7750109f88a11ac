"""What client libraries do: submit one by one and many at a time, and empty a full queue."""

from __future__ import annotations

from functools import partial
from typing import Final

from benchmarks.effort import Effort
from benchmarks.kind import Kind
from benchmarks.libraries.library import Library
from benchmarks.metrics import Measures

CLIENT: Final = "Client"
WORKER: Final = "Worker"

AT_ONCE: Final = 8
OUTSTANDING: Final = (1_000, 10_000, 100_000)

_ONLY_OURS: Final = {
    "python": "it is asked of ours alone",
    "libgearman": "it is asked of ours alone",
}
_SAME_CLIENT: Final = {"ours-reactor": "its client is the same"}
_ONE_AT_A_TIME: Final = {"python": "one job at a time", "libgearman": "one job at a time"}


def _submit(mode: str, full: int, library: Library, effort: Effort) -> Measures:
    return library.submit(mode, effort.count(full), effort.patience)


def _outstanding(count: int, library: Library, effort: Effort) -> Measures:
    return library.submit("outstanding", effort.count(count), effort.patience)


def _work(at_once: int, full: int, library: Library, effort: Effort) -> Measures:
    return library.work(at_once, effort.count(full), effort.patience)


_kind = partial(Kind[Library], shows=("own_cpu_us_per_job", "jobs_per_s"), is_quick=True)
_client = partial(_kind, group=CLIENT)
_worker = partial(_kind, group=WORKER)

KINDS: Final = (
    _client(
        "client-one",
        "one job at a time",
        play=partial(_submit, "one", 50_000),
        without=_SAME_CLIENT,
    ),
    _client(
        "client-many",
        "1,000 jobs at a time",
        play=partial(_submit, "many", 200_000),
        without=_SAME_CLIENT,
    ),
    _client(
        "client-background",
        "background jobs, acknowledged",
        play=partial(_submit, "background", 100_000),
        without=_SAME_CLIENT,
    ),
    *(
        _client(
            f"client-outstanding-{count}",
            "{count} jobs outstanding",
            play=partial(_outstanding, count),
            count=count,
            without=_SAME_CLIENT | _ONLY_OURS,
        )
        for count in OUTSTANDING
    ),
    _worker("worker-one", "a full queue, one job at a time", play=partial(_work, 1, 50_000)),
    _worker(
        "worker-eight",
        f"a full queue, {AT_ONCE} jobs at a time",
        play=partial(_work, AT_ONCE, 100_000),
        without=_ONE_AT_A_TIME,
    ),
)
"""All kinds of work, in the order of the table."""
