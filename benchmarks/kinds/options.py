"""The same work with one more option, and the cost of that option."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Final

from attrs import evolve

from benchmarks.costs import Cost
from benchmarks.job_servers import Load, Server
from benchmarks.job_servers.settings import NORMAL, TLS, WAKES_ALL
from benchmarks.kind import Kind
from benchmarks.kinds.background import DURABLE_FILL, submitting
from benchmarks.kinds.loads import BOTH, LATENCY, load_kind

GROUP: Final = "Options"

_NO_TLS: Final[Mapping[str, str]] = {
    "c": "Debian's build has no TLS: it takes the option and stays in plain text",
    "floor": "it has no TLS",
}
_ONLY_OURS: Final[Mapping[str, str]] = {"c": "it has no such option", "floor": "it has no options"}

_tls = partial(load_kind, group=GROUP, setting=TLS, without=_NO_TLS)
_normal = partial(Kind[Server], group=GROUP, setting=NORMAL, without=_ONLY_OURS, is_fresh=True)
_MANY: Final = Load(clients=8, window=32, workers=8)

KINDS: Final = (
    _tls("tls-one-job", "TLS: one job at a time", work=Load(), shows=LATENCY),
    _tls(
        "tls-64",
        "TLS: foreground, 8 clients × 32 outstanding, 8 workers, 64 B",
        work=_MANY,
        shows=BOTH,
    ),
    _tls(
        "tls-256k",
        "TLS: foreground, 8 clients × 32 outstanding, 8 workers, 256 KiB",
        work=evolve(_MANY, size=256 * 1024),
        shows=BOTH,
    ),
    _normal(
        "normal-submit",
        "synchronous=normal: submit only, 8 clients × 32",
        play=submitting(DURABLE_FILL),
        shows=BOTH,
    ),
    _normal(
        "normal-one",
        "synchronous=normal: one submission at a time, 1 client",
        play=submitting(evolve(DURABLE_FILL, clients=1, window=1)),
        shows=("p50_us", "p99_us", "jobs_per_s"),
    ),
    load_kind(
        "wakes-all-100",
        "all are woken: one job at a time beside 100 sleeping workers",
        GROUP,
        Load(sleepers=100),
        LATENCY,
        setting=WAKES_ALL,
        without=_ONLY_OURS,
    ),
)

_SQLITE: Final = "--queue-type=sqlite"
_ENDPOINT: Final = "--endpoint=ssl:..."
_SYNCHRONOUS: Final = "--sqlite-synchronous=normal"

COSTS: Final = (
    Cost(_SQLITE, "durable-together", "together", "jobs_per_s"),
    Cost(_SQLITE, "durable-drain", "drain", "jobs_per_s"),
    Cost(_SQLITE, "durable-submit", "submit", "jobs_per_s"),
    Cost(_SQLITE, "durable-submit", "submit", "cpu_us_per_job"),
    Cost(_SQLITE, "durable-queued", "queued", "bytes_per_job"),
    Cost(_SYNCHRONOUS, "normal-submit", "durable-submit", "jobs_per_s"),
    Cost(_SYNCHRONOUS, "normal-one", "durable-one", "p50_us"),
    Cost(_ENDPOINT, "tls-one-job", "one-job", "p50_us"),
    Cost(_ENDPOINT, "tls-64", "foreground-64", "cpu_us_per_job"),
    Cost(_ENDPOINT, "tls-256k", "foreground-256k", "cpu_us_per_job"),
    Cost("--worker-wakeup=0", "wakes-all-100", "sleeping-100", "cpu_us_per_job"),
)
"""The costs of options, each beside the same work without it."""
