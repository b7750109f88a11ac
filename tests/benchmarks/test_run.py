"""The command, from its words to the figures of real servers."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from benchmarks.command_line import main
from tests.benchmarks.samples import kind_result, results
from tests.support.peers import require_peer, require_program

ROOT = Path(__file__).parents[2]
SECONDS = 240  # a busy machine takes its time; nothing is compared here


def call(*words: str) -> Result:
    """Return what the command answers to ``words``."""
    return CliRunner().invoke(main, words)


def measure(tmp_path: Path, *words: str) -> dict[str, Any]:
    """Measure for real, as briefly as can be, and return the figures."""
    require_program("cc", "apt-get install gcc libc6-dev")
    path = tmp_path / "figures.json"
    brief = ("--quick", "--repeat", "1", "--seconds", "0.05", "--json", str(path))
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", *brief, "--folder", str(tmp_path), *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    assert [entry.name for entry in tmp_path.iterdir()] == ["figures.json"]
    kinds: dict[str, Any] = json.loads(path.read_text())["kinds"]
    return kinds


def living_in(folder: Path) -> list[str]:
    """Return the ids of the processes that have a folder in ``folder`` as their own."""
    found = []
    for place in Path("/proc").glob("[0-9]*/cwd"):
        with contextlib.suppress(OSError):
            if place.readlink().is_relative_to(folder):
                found.append(place.parent.name)
    return found


def test_a_small_run_measures_our_server_and_the_floor(tmp_path: Path) -> None:
    """One job at a time and a queue that is drained: jobs a second, latency, CPU."""
    kinds = measure(tmp_path, "--kind", "one-job", "--kind", "drain", "--servers", "ours,floor")
    for name in ("ours", "floor"):
        medians = kinds["one-job"]["standings"][name]["medians"]
        assert medians["jobs_per_s"] > 0
        assert 0 < medians["p50_us"] <= medians["p99_us"] <= medians["max_us"]
        assert kinds["drain"]["standings"][name]["medians"]["cpu_us_per_job"] > 0


def test_a_small_run_measures_a_durable_queue(tmp_path: Path) -> None:
    """Another command line of ours takes part beside this checkout's."""
    words = f"{Path(sys.executable).with_name('gearman-tx')} gearmand"
    names = "ours,drop-in,floor"
    kinds = measure(
        tmp_path, "--kind", "durable-submit", "--ours", f"drop-in={words}", "--servers", names
    )
    standings = kinds["durable-submit"]["standings"]
    assert standings["drop-in"]["medians"]["jobs_per_s"] > 0
    assert standings["ours"]["medians"]["jobs_per_s"] > 0
    assert kinds["durable-submit"]["absent"] == {"floor": "it has no store"}


def test_a_small_run_measures_tls(tmp_path: Path) -> None:
    """The load speaks TLS with a certificate made for the run; the C server is told as absent."""
    require_peer(
        Path("/usr/include/openssl/ssl.h").exists(), "OpenSSL", "apt-get install libssl-dev"
    )
    kinds = measure(tmp_path, "--kind", "tls-64", "--servers", "ours,c-t4")
    assert kinds["tls-64"]["standings"]["ours"]["medians"]["jobs_per_s"] > 0
    assert set(kinds["tls-64"]["absent"]) == {"c-t4"}


def test_an_interrupted_run_leaves_nothing_running(tmp_path: Path) -> None:
    """Ctrl-C ends the servers and the load, and the exit status says so."""
    require_program("cc", "apt-get install gcc libc6-dev")
    words = ["--seconds", "1", "--repeat", "100", "--kind", "one-job", "--servers", "ours,floor"]
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks", *words, "--folder", str(tmp_path)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        assert process.stderr is not None
        while line := process.stderr.readline():
            if b": ours, " in line:  # it runs, and the floor is about to
                break
        assert living_in(tmp_path)
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=SECONDS)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 130, output + errors
    assert living_in(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--kind", "nothing"), "there is no kind of work nothing; there are one-job"),
        (("--kind", "drain", "--servers", "nobody"), "there is no contender nobody"),
        (("--ours", "alone"), "'alone' is not NAME=COMMAND"),
        (("--kind", "drain", "--ours", "x=no-such-program y"), "there is no program"),
        (("--kind", "drain", "--ours", "x='"), "is no command line"),
        (("--from", "no-such-file"), "no-such-file holds no results"),
        (("nothing",), "'nothing' is not"),
    ],
)
def test_what_is_wrong_is_said(words: tuple[str, ...], message: str) -> None:
    """Nothing is started, and the exit status is not 0."""
    result = call(*words)
    assert result.exit_code in {1, 2}
    assert message in result.output


def test_the_list_has_kinds_and_contenders() -> None:
    """Every name that may be given, also those that a command line adds."""
    result = call("--list", "--ours", f"other={sys.executable} -m twisted -n gearmand")
    assert result.exit_code == 0
    words = result.output.split()
    assert {"one-job", "durable-submit", "ours", "other", "c-t4", "floor"} <= set(words)


@pytest.mark.parametrize(("theirs", "status"), [(1.0, 0), (100.0, 3)])
def test_a_target_that_is_missed_changes_the_exit_status(
    tmp_path: Path, theirs: float, status: int
) -> None:
    """With --check, and only then; figures of a file are judged without measuring."""
    path = tmp_path / "figures.json"
    results(submit=kind_result(ours=[10.0], c_t4=[theirs])).write(path)
    assert call("--from", str(path)).exit_code == 0
    assert call("--from", str(path), "--check").exit_code == status


def test_a_failure_of_the_c_server_is_a_result(tmp_path: Path) -> None:
    """One of ours is a failure of the run."""
    path = tmp_path / "figures.json"
    some = results(submit=kind_result(ours=[10.0], c_t4=[1.0]))
    some.kinds["submit"].standings["c-t4"].fault = "it died"
    some.write(path)
    result = call("--from", str(path))
    assert result.exit_code == 0
    assert "failed: submit, c-t4: it died" in result.output
    some.kinds["submit"].standings["ours"].fault = "a job was lost"
    some.write(path)
    assert call("--from", str(path)).exit_code == 1
