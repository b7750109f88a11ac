"""The suite of client libraries, with real programs at a real server, as briefly as can be."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.errors import BenchmarkError
from benchmarks.libraries.contenders import CONTENDERS
from benchmarks.libraries.kinds import KINDS
from benchmarks.libraries.targets import TARGETS
from tests.benchmarks.test_run import call, measure
from tests.support.peers import require_peer, require_program


@pytest.fixture(autouse=True)
def peers() -> None:
    """What the suite needs of Debian."""
    require_program("gearmand", "apt-get install gearman-job-server")
    header = Path("/usr/include/libgearman-1.0/gearman.h")
    require_peer(header.exists(), "libgearman's headers", "apt-get install libgearman-dev")


@pytest.mark.parametrize("kind", ["client-one", "client-many", "client-background", "worker-one"])
def test_all_libraries_are_measured(tmp_path: Path, kind: str) -> None:
    """Each gives jobs a second and the CPU of its own process."""
    standings = measure(tmp_path, "library", "--kind", kind)[kind]["standings"]
    assert {"ours", "pygearman", "gear", "libgearman"} <= set(standings)
    for name, standing in standings.items():
        assert standing["fault"] is None, name
        assert standing["medians"]["jobs_per_s"] > 0, name
        assert standing["medians"]["own_cpu_us_per_job"] > 0, name


def test_what_is_measured_of_ours_alone(tmp_path: Path) -> None:
    """Many outstanding jobs, and many at a time; the others are absent and it is said why."""
    kinds = measure(
        tmp_path, "library", "--kind", "client-outstanding-100000", "--kind", "worker-eight"
    )
    assert set(kinds["client-outstanding-100000"]["standings"]) == {"ours"}
    assert set(kinds["worker-eight"]["standings"]) == {"ours", "ours-reactor"}
    assert kinds["worker-eight"]["absent"]["gear"] == "one job at a time"
    assert kinds["client-outstanding-100000"]["title"] == "2,000 jobs outstanding"


def test_a_program_that_fails_is_a_fault_with_its_words(tmp_path: Path) -> None:
    """A library that is not there says so; one that breaks is not measured."""
    (gear,) = [one for one in CONTENDERS if one.name == "gear"]
    kind = next(kind for kind in KINDS if kind.name == "client-one")
    assert gear.absence(kind) is None
    with gear.open(kind, tmp_path) as library:
        library.words = [*library.words, "nonsense"]
        with pytest.raises(BenchmarkError, match="too many values to unpack"):
            library.submit("one", 1, patience=20)


def test_targets_name_kinds_that_there_are() -> None:
    """And so do those that are compared with another kind."""
    names = {kind.name for kind in KINDS}
    for target in TARGETS:
        assert target.kind in names
        assert target.than_kind in names | {""}


def test_the_list() -> None:
    """Kinds and contenders of the suite, not those of the job servers."""
    words = call("library", "--list").output.split()
    assert {"client-many", "worker-eight", "pygearman", "libgearman"} <= set(words)
    assert "c-t4" not in words
