"""The targets of our client and worker, beside the other Python libraries in the same run.

They are about the CPU time of a job in the library's own process. The number of jobs in a second
also depends on the job server and on the opposite side, which take the same time with every
library.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from benchmarks.libraries.contenders import C
from benchmarks.targets import Target

BEST_PYTHON: Final = "python-best"

_FASTER: Final = 3.0
_NOT_SLOWER: Final = 1 / 1.25

TARGETS: Final = (
    *(
        Target(kind, "own_cpu_us_per_job", _FASTER, BEST_PYTHON)
        for kind in ("client-one", "client-many", "client-background", "worker-one")
    ),
    Target(
        "client-outstanding-10000",
        "own_cpu_us_per_job",
        _NOT_SLOWER,
        than_kind="client-outstanding-1000",
    ),
    Target(
        "client-outstanding-100000",
        "own_cpu_us_per_job",
        _NOT_SLOWER,
        than_kind="client-outstanding-1000",
    ),
)
"""All targets."""

COLUMNS: Final[Mapping[str, str]] = {
    "pygearman": "pygearman",
    "gear": "gear",
    C: "libgearman",
}
"""The contenders that ours is compared with in a table, with the titles of their columns."""
