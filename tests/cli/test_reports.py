"""The reports and operations of ``gearman-tx`` on real servers."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from gearman_tx.cli.formats import as_json, as_text, duration, milliseconds
from gearman_tx.cli.jobs import _progress, _size
from gearman_tx.cli.status import _limits
from tests.cli.programs import gearman_tx, rows, started, working
from tests.support.servers import start_our_server


def test_ping(our_server: str, c_server: str) -> None:
    """Each server is shown with its version, process id and times."""
    # On a busy machine any one request may take long, so the fastest of five is compared.
    rounds = [rows("ping", "-s", our_server, "-s", c_server) for _ in range(5)]
    for found in rounds:
        assert [row["server"] for row in found] == [our_server, c_server]
        assert found[1]["version"].startswith("1.1.")
        assert all(0 < row[time] < 20 for row in found for time in ("answer", "connect"))
    for of_one_server in zip(*rounds, strict=True):
        answer, connect = (
            min(row[time] for row in of_one_server) for time in ("answer", "connect")
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


def test_nothing_to_show(our_server: str) -> None:
    """A line on stderr replaces an empty table."""
    done = gearman_tx("status", "-s", our_server, "no-*-such")
    assert done == (0, "", "no function of that name\n")


def test_jobs_of_one_function_at_a_c_server(c_server: str) -> None:
    """A report that the C server does not have is refused, with a hint."""
    done = gearman_tx("jobs", "-s", c_server, "one")
    assert done.status == 4
    assert "leave the function out" in done.err


def test_a_name_that_is_too_long(server: str) -> None:
    """A request that a server refuses for other reasons is exit status 4."""
    done = gearman_tx("jobs", "-s", server, "x" * 3000)
    assert done.status == 4 or not done.out


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


def test_maxqueue(our_server: str) -> None:
    """One limit applies to all priorities; three apply to one each."""
    done = gearman_tx("maxqueue", "-s", our_server, "limited", "5")
    assert done == (0, f"{our_server}: the limit of limited is 5\n", "")
    assert rows("status", "-s", our_server, "limited")[0]["max_queue"] == [5, 5, 5]
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
    assert gearman_tx("shutdown", "-s", name, "--graceful") == (0, f"{name} stops\n", "")
    assert server.process.wait(20) == 0
    done = gearman_tx("shutdown", "-s", our_server)
    assert done.status == 4
    assert "was started without it" in done.err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(shell: str) -> None:
    """The script calls the program for completions."""
    done = gearman_tx("completion", shell)
    assert done.status == 0
    assert "_GEARMAN_TX_COMPLETE" in done.out


def test_completed_words() -> None:
    """A command is completed from its first letters."""
    done = gearman_tx(
        _GEARMAN_TX_COMPLETE="bash_complete", COMP_WORDS="gearman-tx sta", COMP_CWORD="1"
    )
    assert done.out == "plain,status\n"


def test_formats() -> None:
    """Cells have dashes, units and no control characters."""
    assert [as_text(value) for value in (None, True, False, 3)] == ["-", "yes", "no", "3"]
    assert as_text((b"a\n", b"b")) == "a\\x0a, b" or as_text((b"a\n", b"b")) == "a\\n, b"
    assert as_json((b"\xff", None)) == ["\\xff", None]
    assert [duration(value) for value in (0, 61, 90061, None)] == ["0s", "1m 1s", "1d 1h", "-"]
    assert [milliseconds(value) for value in (0.0015, None)] == ["1.50 ms", "-"]
    assert [_size(value) for value in (1500, None)] == ["1.5 kB", "-"]
    assert [_progress(value) for value in ((1, 2), (0, 0), None)] == ["1/2", "-", "-"]
    assert [_limits(value) for value in ((1, 1, 1), (0, 0, 0), (0, 2, 3))] == ["1", "-", "-/2/3"]
