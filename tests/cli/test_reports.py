"""The reports and operations of ``gearman-tx`` on real servers."""

from __future__ import annotations

import json
import signal
import socket
from pathlib import Path

import pytest

from tests.cli.programs import gearman_tx, on_a_terminal, rows, started, working
from tests.daemon.process import until
from tests.support.servers import running, start_our_server


def test_ping(our_server: str, c_server: str) -> None:
    """Each server is shown with its version, process id and times."""
    # On a busy machine any one request may take long, so the fastest of five is compared.
    rounds = [rows("ping", "-s", our_server, "-s", c_server) for _ in range(5)]
    for found in rounds:
        assert [row["server"] for row in found] == [our_server, c_server]
        assert found[1]["version"].startswith("1.1.")
        assert all(0 < row[time] < 20 for row in found for time in ("answered_in", "connected_in"))
    for of_one_server in zip(*rounds, strict=True):
        answer, connect = (
            min(row[time] for row in of_one_server) for time in ("answered_in", "connected_in")
        )
        assert answer < connect
    table = gearman_tx("ping", "-s", f"{our_server},{c_server}").out.splitlines()
    assert table[0].split() == ["Server", "Version", "Pid", "Connected", "in", "Answered", "in"]
    assert [line.split()[0] for line in table[1:]] == [our_server, c_server]


@pytest.mark.parametrize("option", [(), ("--json",)])
def test_one_server_of_two_is_down(our_server: str, option: tuple[str, ...]) -> None:
    """The other server is shown; one line and the exit status report the error."""
    done = gearman_tx("ping", "-s", our_server, "-s", "127.0.0.1:1", *option)
    assert done.status == 3
    assert our_server in done.out
    assert done.err.startswith("gearman-tx: cannot connect to job server 127.0.0.1:1: ")
    assert done.err.count("\n") == 1


def test_a_silent_server(tmp_path: Path, our_server: str) -> None:
    """A server that does not answer in time is named, with the option for more time."""
    server = start_our_server(tmp_path)
    try:
        server.process.send_signal(signal.SIGSTOP)
        name = f"127.0.0.1:{server.port}"
        done = gearman_tx("status", "-s", our_server, "-s", name, "--timeout", "0.3")
    finally:
        server.process.send_signal(signal.SIGCONT)
        server.stop()
    assert done.status == 3
    assert done.err.startswith(f"gearman-tx: {name}: the job server did not answer within 0.3 s")
    assert "--timeout" in done.err


def test_workers(server: str, tmp_path: Path) -> None:
    """Workers are shown with their functions; other connections only with --all."""
    with working(tmp_path, [server], "--client-id", "me", "a=tasks:reverse", "b=tasks:reverse"):
        (row,) = (row for row in rows("workers", "-s", server) if row["client_id"] == "me")
        assert sorted(row["functions"]) == ["a", "b"]
        assert len(rows("workers", "-s", server, "-a")) > len(rows("workers", "-s", server))
        (status,) = rows("status", "-s", server, "a")
        assert status["workers"] == 1
        assert " me " in gearman_tx("workers", "-s", server).out


def test_nothing_to_show(tmp_path: Path) -> None:
    """A line on stderr replaces an empty table, unless the user wants no remarks."""
    with running(start_our_server(tmp_path)) as server:
        words = ("jobs", "-s", f"127.0.0.1:{server.port}")
        assert gearman_tx(*words) == (0, "", "no jobs\n")
        assert gearman_tx(*words, "--quiet") == (0, "", "")
        assert gearman_tx(*words, "--json") == (0, "[]\n", "")


@pytest.mark.parametrize("command", ["status", "jobs"])
def test_a_function_that_no_server_knows(our_server: str, command: str) -> None:
    """The exit status is 1, and one line has the name; other functions are shown."""
    gearman_tx("submit", "-s", our_server, "-b", "known", "x")
    done = gearman_tx(command, "-s", our_server, "known", "nosuch", "no-*-such")
    text = "no job server knows a function nosuch, no-*-such"
    assert done.err == f"gearman-tx: {text}; gearman-tx status lists those that exist\n"
    assert done.status == 1
    assert "known" in done.out
    assert gearman_tx(command, "-s", our_server, "kno*").status == 0


def test_a_server_that_is_down_may_know_the_function(our_server: str) -> None:
    """Then nothing is said about the name, and the exit status is that of the lost server."""
    done = gearman_tx("status", "-s", our_server, "-s", "127.0.0.1:1", "nosuch")
    assert done.status == 3
    assert "nosuch" not in done.err


def test_a_job_names_its_worker(our_server: str, tmp_path: Path) -> None:
    """By its client id, which tells the workers of one host apart."""
    with working(tmp_path, [our_server], "-f", "waits", "--", "sleep", "60") as program:
        gearman_tx("submit", "-s", our_server, "-b", "waits", "x")
        until(lambda: rows("jobs", "-s", our_server, "waits")[0]["state"] == "running", "it runs")
        (job,) = rows("jobs", "-s", our_server, "waits")
        name = f"{socket.gethostname()}:{program.process.pid}"
        assert (job["worker"], job["worker_id"], job["worker_host"]) == (name, name, "127.0.0.1")
        assert gearman_tx("cancel", "-s", our_server, job["handle"]).status == 0
        program.process.send_signal(signal.SIGINT)
        program.until("the worker waits for job H:")
        assert program.end(signal.SIGINT) == 0


def test_jobs_of_one_function_at_a_c_server(c_server: str) -> None:
    """A report that the C server does not have is refused, with a hint."""
    for words in (("one",), ("--state", "running")):
        done = gearman_tx("jobs", "-s", c_server, *words)
        assert done.status == 4
        assert "leave FUNCTION and --state out" in done.err


def test_watching(our_server: str) -> None:
    """Each round is printed below the last one, with the time or as one line of JSON."""
    words = ("ping", "-s", our_server, "--watch", "0.01", "--count", "3")
    done = gearman_tx(*words)
    assert done.out.count("Answered in") == 3
    done = gearman_tx(*words, "--json")
    assert [len(json.loads(line)) for line in done.out.splitlines()] == [1, 1, 1]


def test_watching_until_interrupted(our_server: str, tmp_path: Path) -> None:
    """Ctrl-C ends the watching; a server that is down does not."""
    words = ("ping", "-s", our_server, "-s", "127.0.0.1:1", "--watch", "0.01")
    with started(*words, folder=tmp_path) as program:
        program.until("Answered in", times=2)
        assert program.end(signal.SIGINT) == 130


def test_count_without_watch(our_server: str) -> None:
    """--count needs --watch."""
    done = gearman_tx("ping", "-s", our_server, "--count", "3")
    assert done.status == 2
    assert "--count goes with --watch" in done.err


def test_cancel_an_unknown_job(server: str) -> None:
    """A handle that no server knows is exit status 1."""
    done = gearman_tx("cancel", "-s", server, "H:none:1")
    assert done.status == 1
    assert done.err.startswith("gearman-tx: no job server knows H:none:1: ended, or never there")


def test_cancel_by_function(our_server: str) -> None:
    """All jobs of the functions are counted or cancelled, in one state only if it is named."""
    for function in ("gone-1", "gone-2"):
        gearman_tx("submit", "-s", our_server, "-nb", function, data=b"1\n2\n3\n")
    gearman_tx("submit", "-s", our_server, "--at", "1h", "gone-1", "x")
    words = ("cancel", "-s", our_server, "-f", "gone-*")
    queued = "3 jobs of gone-1 queued, 3 jobs of gone-2 queued"
    done = gearman_tx(*words, "--dry-run")
    counts = f"1 job of gone-1 delayed, {queued}"
    assert done == (0, f"{our_server}: {counts} would be cancelled\n", "")
    done = gearman_tx(*words, "--state", "queued")
    assert done == (0, f"{our_server}: 6 jobs cancelled\n", "")
    assert [row["jobs"] for row in rows("status", "-s", our_server, "gone-*")] == [1, 0]
    assert gearman_tx(*words, "--quiet") == (0, "", "")
    assert gearman_tx(*words) == (0, "", "no jobs\n")
    done = gearman_tx("cancel", "-s", our_server, "-f", "nosuch")
    assert done.status == 1
    assert done.err.startswith("gearman-tx: no job server knows a function nosuch;")


def test_cancel_by_function_asks_on_a_terminal(our_server: str) -> None:
    """The question has the number of jobs; without a yes none is cancelled."""
    gearman_tx("submit", "-s", our_server, "-b", "asked-for", "x")
    words = ("cancel", "-s", our_server, "-f", "asked-for")
    shown = on_a_terminal(*words, data=b"n\n", status=1)
    assert f"{our_server}: 1 job of asked-for queued\r\nCancel them? [y/N]" in shown
    assert "nothing was done" in shown
    shown = on_a_terminal(*words, "--yes")
    assert shown == f"{our_server}: 1 job cancelled\r\n"


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ((), "name either handles or a --function"),
        (("H:a:1", "-f", "x"), "name either handles or a --function"),
        (("H:a:1", "--dry-run"), "--state and --dry-run go with --function"),
    ],
)
def test_cancel_needs_one_kind_of_name(words: tuple[str, ...], why: str) -> None:
    """Handles and functions are not mixed."""
    done = gearman_tx("cancel", *words)
    assert done.status == 2
    assert why in done.err


def test_more_jobs_than_are_asked_for_at_a_time(our_server: str) -> None:
    """Many jobs are cancelled, each once."""
    lines = b"\n".join(b"%d" % number for number in range(2500))
    gearman_tx("submit", "-s", our_server, "-nb", "very-many", data=lines)
    done = gearman_tx("cancel", "-s", our_server, "-f", "very-many")
    assert done == (0, f"{our_server}: 2,500 jobs cancelled\n", "")
    assert rows("status", "-s", our_server, "very-many")[0]["jobs"] == 0


def test_forms_for_programs(our_server: str) -> None:
    """TSV has names and plain values; JSON lines and JSON have the same objects."""
    gearman_tx("submit", "-s", our_server, "-nb", "forms", "-u", "a\tb", data=b"1\n")
    words = ("jobs", "-s", our_server, "forms")
    names, values = (line.split("\t") for line in gearman_tx(*words, "-o", "tsv").out.splitlines())
    row = dict(zip(names, values, strict=True))
    assert row["unique"] == "a\\x09b"
    assert (row["background"], row["size"], row["due_in"], row["progress"]) == ("true", "1", "", "")
    assert len(gearman_tx(*words, "-o", "tsv", "--no-headers").out.splitlines()) == 1
    (found,) = rows(*words)
    assert found["progress"] is None
    line = json.loads(gearman_tx(*words, "-o", "jsonl").out)
    assert {**line, "age": 0} == {**found, "age": 0}
    assert gearman_tx(*words, "--no-headers").out.split()[:2] == [row["handle"], "forms"]
    gearman_tx("cancel", "-s", our_server, row["handle"])


def test_order_and_number_of_rows(our_server: str) -> None:
    """Rows are sorted by any column, turned round, and limited; the rest is counted."""
    for text in ("small", "a little larger", "m"):
        gearman_tx("submit", "-s", our_server, "-b", "sorted", text)
    words = ("jobs", "-s", our_server, "sorted")
    assert [row["size"] for row in rows(*words)] == [5, 15, 1]
    assert [row["size"] for row in rows(*words, "--sort", "size")] == [15, 5, 1]
    assert [row["size"] for row in rows(*words, "--sort", "size", "--reverse")] == [1, 5, 15]
    assert [row["size"] for row in rows(*words, "--reverse", "--limit", "2")] == [1, 15]
    done = gearman_tx(*words, "--limit", "1")
    assert len(done.out.splitlines()) == 2
    assert done.err == "… and 2 more; --limit 0 shows all\n"
    done = gearman_tx(*words, "--sort", "weight")
    assert done.status == 2
    assert "there is no column 'weight' to sort by: name handle, function" in done.err
    assert gearman_tx("cancel", "-s", our_server, "-f", "sorted").status == 0


def test_jobs_in_one_state(our_server: str) -> None:
    """--state selects, also over several functions."""
    for function in ("one-state", "two-state"):
        gearman_tx("submit", "-s", our_server, "-b", function, "x")
        gearman_tx("submit", "-s", our_server, "--at", "1h", function, "x")
    words = ("jobs", "-s", our_server, "--state", "delayed")
    assert [row["function"] for row in rows(*words, "one-state")] == ["one-state"]
    assert {row["function"] for row in rows(*words, "*-state")} == {"one-state", "two-state"}
    assert gearman_tx("cancel", "-s", our_server, "-f", "*-state").status == 0


def test_help_of_a_command() -> None:
    """``help status`` is ``status --help``; without a command it is ``--help``."""
    assert gearman_tx("help", "status") == gearman_tx("status", "--help")
    assert gearman_tx("help") == gearman_tx("--help")
    done = gearman_tx("help", "stats")
    assert done.status == 2
    assert "No such command 'stats'" in done.err


def test_maxqueue(our_server: str) -> None:
    """One limit applies to all priorities; three apply to one each."""
    done = gearman_tx("maxqueue", "-s", our_server, "limited", "5")
    assert done == (0, f"{our_server}: the limit of limited is 5\n", "")
    assert rows("status", "-s", our_server, "limited")[0]["max_queue"] == {
        "high": 5,
        "normal": 5,
        "low": 5,
    }
    gearman_tx("maxqueue", "-s", our_server, "limited", "5", "0", "7")
    assert gearman_tx("status", "-s", our_server, "limited").out.rstrip().endswith("5/-/7")
    assert gearman_tx("maxqueue", "-s", our_server, "limited", "5", "6").status == 2


def test_maxqueue_without_a_server() -> None:
    """An operation that fails is reported in one line."""
    done = gearman_tx("maxqueue", "-s", "127.0.0.1:1", "f", "1")
    assert done.status == 3
    assert done.err.count("\n") == 1


def test_shutdown(tmp_path: Path, our_server: str) -> None:
    """A server stops if it was started with --allow-shutdown; others refuse."""
    server = start_our_server(tmp_path, "--allow-shutdown")
    name = f"127.0.0.1:{server.port}"
    assert gearman_tx("shutdown", "-s", name, "--graceful") == (
        0,
        f"{name} stops; 0 jobs run, 0 wait\n",
        "",
    )
    assert server.process.wait(20) == 0
    done = gearman_tx("shutdown", "-s", our_server)
    assert done.status == 4
    assert "it was started without --allow-shutdown: stop it with SIGTERM" in done.err


@pytest.mark.parametrize(("typed", "status"), [("n\n", 1), ("", 130), ("y\n", 0)])
def test_shutdown_asks_on_a_terminal(tmp_path: Path, typed: str, status: int) -> None:
    """The question has the number of jobs; the answer no, or Ctrl-C, leaves the server alone."""
    with running(start_our_server(tmp_path, "--allow-shutdown")) as server:
        name = f"127.0.0.1:{server.port}"
        gearman_tx("submit", "-s", name, "-b", "waits", "x")
        words = ("shutdown", "-s", name)
        shown = on_a_terminal(
            *words,
            data=typed.encode(),
            status=status,
            interrupted_after="" if typed else "[y/N]: ",
        )
        assert f"{name}: 0 jobs run, 1 wait" in shown
        if status:
            assert gearman_tx("ping", "-s", name).status == 0
        else:
            assert server.process.wait(20) == 0


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(shell: str) -> None:
    """The script calls the program for completions."""
    done = gearman_tx("completion", shell)
    assert done.status == 0
    assert "_GEARMAN_TX_COMPLETE" in done.out


def test_completed_words() -> None:
    """A command is completed from its first letters."""
    done = gearman_tx(_GEARMAN_TX_COMPLETE="bash_complete", COMP_LINE="gearman-tx sta")
    assert done.out == "plain,status\n"
