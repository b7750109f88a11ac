"""Suites: kinds, contenders and targets that belong together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from attrs import frozen

from benchmarks.contender import Contender
from benchmarks.costs import Cost
from benchmarks.job_servers import contenders as server_contenders
from benchmarks.job_servers.contenders import OURS, C
from benchmarks.job_servers.targets import COLUMNS, TARGETS
from benchmarks.kind import Kind
from benchmarks.kinds.options import COSTS
from benchmarks.kinds.table import KINDS
from benchmarks.libraries import contenders as library_contenders
from benchmarks.libraries import kinds as library_kinds
from benchmarks.libraries import targets as library_targets
from benchmarks.targets import Target


@frozen
class Suite:
    """Kinds of work that are measured together and shown in one table.

    Attributes:
        name: its name on the command line.
        about: what it measures, in one line.
        kinds: its kinds of work, in the order of the table.
        contenders: makes all contenders, from names and commands of variants of ours.
        targets: the targets of the figures.
        ours: the family that is judged.
        columns: the contenders that ours is compared with, with the titles of their columns.
        costs: the costs of our options.
        may_fail: families whose failures are results; a failure of others fails the run.
    """

    name: str
    about: str
    kinds: Sequence[Kind[Any]]
    contenders: Callable[[Sequence[tuple[str, str]]], Sequence[Contender[Any]]]
    targets: Sequence[Target]
    ours: str
    columns: Mapping[str, str]
    may_fail: frozenset[str] = frozenset()
    costs: Sequence[Cost] = ()


SUITES: Final = {
    suite.name: suite
    for suite in (
        Suite(
            "server",
            "the job server beside the C server and the floor",
            KINDS,
            server_contenders,
            TARGETS,
            OURS,
            COLUMNS,
            may_fail=frozenset({C}),
            costs=COSTS,
        ),
        Suite(
            "library",
            "our client and worker beside pygearman, gear and libgearman, at the C server",
            library_kinds.KINDS,
            library_contenders.contenders,
            library_targets.TARGETS,
            library_contenders.OURS,
            library_targets.COLUMNS,
            may_fail=frozenset({library_contenders.PYTHON}),
        ),
    )
}
"""All suites by name; the first is the default."""
