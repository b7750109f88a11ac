"""Jobs whose clients wait for the result: one at a time, and many at a time of several sizes."""

from __future__ import annotations

from typing import Final

from benchmarks.job_servers import Load, Server
from benchmarks.kind import Kind
from benchmarks.kinds.loads import BOTH, LATENCY, load_kind

GROUP: Final = "Foreground"
MANY: Final = "foreground, 8 clients × {window} outstanding, 8 workers, {size}"


def _many(name: str, size: str, work: Load, *, is_quick: bool) -> Kind[Server]:
    title = MANY.format(window=work.window, size=size)
    return load_kind(name, title, GROUP, work, BOTH, is_quick=is_quick)


KINDS: Final = (
    load_kind("one-job", "one job at a time", GROUP, Load(), LATENCY, is_quick=True),
    _many("foreground-64", "64 B", Load(clients=8, window=32, workers=8), is_quick=True),
    _many(
        "foreground-4k", "4 KiB", Load(clients=8, window=32, workers=8, size=4096), is_quick=True
    ),
    _many(
        "foreground-256k",
        "256 KiB",
        Load(clients=8, window=32, workers=8, size=256 * 1024),
        is_quick=True,
    ),
    # 32 outstanding of this size would be 2 GiB in the load and as much in the server.
    _many(
        "foreground-8m", "8 MiB", Load(clients=8, window=2, workers=8, size=8 << 20), is_quick=False
    ),
    load_kind(
        "uniques",
        "foreground, 8 clients × 32 outstanding, 8 workers, a unique for every job",
        GROUP,
        Load(clients=8, window=32, workers=8, has_uniques=True),
        BOTH,
        is_quick=True,
    ),
    load_kind(
        "joins",
        "foreground, 1,000 clients join one unique, round after round",
        GROUP,
        Load(clients=1000, workers=1, joins=True),
        BOTH,
        without={"floor": "it has no uniques"},
        open_files=1100,
    ),
)
