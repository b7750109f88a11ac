"""The benchmark of long reports measures each form, and leaves nothing behind."""

from __future__ import annotations

import re

from click.testing import CliRunner

from benchmarks.long_report import main


def test_a_small_report() -> None:
    """Each way to get the report has its seconds and its ratio to the floor."""
    done = CliRunner().invoke(main, ["--jobs", "20", "--rounds", "1"])
    assert done.exit_code == 0, done.output
    lines = done.output.splitlines()
    assert lines[0] == "20 jobs"
    assert re.fullmatch(r"text command +\d+\.\d\d s of CPU +1\.0 times the floor", lines[1])
    assert [line[:15].strip() for line in lines[2:]] == [
        "jobs -o table",
        "jobs -o tsv",
        "jobs -o jsonl",
        "jobs -o json",
        "jobs | head -3",
    ]
