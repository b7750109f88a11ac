"""``gearman-tx work`` with real servers."""

from __future__ import annotations

import os
import re
import signal
import socket
from pathlib import Path

import pytest

from tests.cli.programs import TASKS, gearman_tx, rows, started, working
from tests.daemon.process import until, wait_gone

ARGUED = """
import os
import sys

from gearman_tx import Worker

worker = Worker(os.environ["TASKS_SERVER"])
assert len(sys.argv) == 1, sys.argv


def arguments(data):
    return str(sys.argv).encode()


worker.register("arguments", arguments, place="process")
"""
SHOUT = ("sh", "-c", 'printf "$GEARMAN_FUNCTION: "; tr a-z A-Z; echo loud >&2')


def test_a_command(server: str, tmp_path: Path) -> None:
    """Its input is the workload, its output the result, each line of its stderr a warning."""
    with working(tmp_path, [server], "-f", "shout", "-f", "cry", "--", *SHOUT):
        for function in ("shout", "cry"):
            done = gearman_tx("submit", "-s", server, function, "hello")
            assert done == (0, f"{function}: HELLO", "loud\n")


@pytest.mark.parametrize(
    ("script", "said"),
    [("exit 3", "sh exited with status 3"), ("kill -TERM $$", "sh was ended by SIGTERM")],
)
def test_a_command_that_fails(our_server: str, tmp_path: Path, script: str, said: str) -> None:
    """The job fails, and a warning has the exit status of the command."""
    with working(tmp_path, [our_server], "-f", "fails", "--", "sh", "-c", script):
        done = gearman_tx("submit", "-s", our_server, "fails", "x")
    assert done.status == 1
    assert done.err.startswith(f"{said}\ngearman-tx: job H:")


def test_a_command_that_takes_too_long(our_server: str, tmp_path: Path) -> None:
    """It is killed with all processes that it started, and the job fails."""
    command = ("sh", "-c", "sleep 60 & sleep 60")
    with working(tmp_path, [our_server], "-f", "long", "--timeout", "0.2", "--", *command):
        done = gearman_tx("submit", "-s", our_server, "long", "x")
    assert done.status == 1
    assert done.err.startswith("sh took more than 0.2 seconds\n")


def test_the_second_signal_kills_commands(our_server: str, tmp_path: Path) -> None:
    """The first signal lets a command finish; the second kills it, and the job is given back."""
    mark = tmp_path / "pid"
    command = ("sh", "-c", f"echo $$ > {mark}.new; mv {mark}.new {mark}; sleep 60")
    with working(tmp_path, [our_server], "-f", "endless", "--", *command) as program:
        with started("submit", "-s", our_server, "endless", "x", folder=tmp_path):
            until(mark.exists, "the command runs")
            program.process.send_signal(signal.SIGINT)
            program.until("the worker waits for job H:")
            assert program.end(signal.SIGINT) == 0
        wait_gone(int(mark.read_text()))


def test_limits(our_server: str, tmp_path: Path) -> None:
    """A worker ends after so many jobs, or so much time."""
    with working(tmp_path, [our_server], "tasks:many", "--max-jobs", "1") as program:
        assert gearman_tx("submit", "-s", our_server, "first", "abc").out == "cba"
        assert program.end() == 0
        assert "stopped: 1 jobs were taken" in program.said
    words = ("tasks:reverse", "--max-time", "0.1", "--max-memory", "100G")
    with working(tmp_path, [our_server], *words) as program:
        assert program.end() == 0
        assert "the limit is 0.1" in program.said


def test_a_worker_of_the_module(our_server: str, tmp_path: Path) -> None:
    """A Worker has its servers from its own code."""
    (tmp_path / "tasks.py").write_text(TASKS)
    words = ("work", "-v", "tasks:worker")
    with started(*words, folder=tmp_path, TASKS_SERVER=our_server) as program:
        program.until("connected to ")
        assert gearman_tx("submit", "-s", our_server, "mine", "abc").out == "cba"


def test_a_module_that_reads_its_arguments(our_server: str, tmp_path: Path) -> None:
    """It sees those of ``python module.py``, also when a process imports it for its function."""
    (tmp_path / "argued.py").write_text(ARGUED)
    words = ("work", "-v", "argued:worker")
    with started(*words, folder=tmp_path, TASKS_SERVER=our_server) as program:
        program.until("connected to ")
        done = gearman_tx("submit", "-s", our_server, "arguments", "abc")
        assert done.out == str([str(tmp_path / "argued.py")])


def test_the_client_id(our_server: str, tmp_path: Path) -> None:
    """It is the host and the process id, unless it is given."""
    with working(tmp_path, [our_server], "tasks:reverse") as program:
        name = f"{socket.gethostname()}:{program.process.pid}"
        assert name in {row["client_id"] for row in rows("workers", "-s", our_server)}
    with working(tmp_path, [our_server], "tasks:reverse", "--client-id", "mine"):
        assert "mine" in {row["client_id"] for row in rows("workers", "-s", our_server)}


def test_a_server_that_is_down(tmp_path: Path) -> None:
    """The line has the reason; no line shows an object, or an attempt after the first."""
    (tmp_path / "tasks.py").write_text(TASKS)
    with started("work", "-v", "-s", "localhost:1", "tasks:reverse", folder=tmp_path) as program:
        program.until("cannot connect to job server localhost:1: connection refused; trying again")
        assert program.end(signal.SIGTERM) == 0
    assert program.said.count("connect") == 2
    assert " object at 0x" not in program.said


def test_several_processes(our_server: str, tmp_path: Path) -> None:
    """A process that ends, with an error or not, is replaced; a signal ends all of them."""
    words = ("tasks:reverse", "tasks:kill", "--processes", "2", "--max-jobs", "1")
    with working(tmp_path, [our_server], *words) as program:
        program.until("connected to ", times=2)
        assert gearman_tx("submit", "-s", our_server, "reverse", "abc").out == "cba"
        program.until("1 jobs were taken")
        program.until("connected to ", times=3)
        gearman_tx("submit", "-s", our_server, "-b", "kill", "x")
        program.until("connected to ", times=4)
        assert program.end(signal.SIGTERM) == 0


def test_processes_end_with_their_supervisor(our_server: str, tmp_path: Path) -> None:
    """A supervisor that is killed leaves no worker behind."""
    with working(tmp_path, [our_server], "tasks:reverse", "--processes", "2") as program:
        program.until("connected to ", times=2)
        assert program.end(signal.SIGKILL) == -signal.SIGKILL  # the output ends with the last one
        assert len(re.findall(r"worker \d+ stopped: SIGTERM came", program.said)) == 2
        assert len(set(re.findall(r"worker (\d+) started", program.said))) == 2


def test_wrong_code_ends_all_processes(tmp_path: Path) -> None:
    """A module that cannot be imported is reported, and not tried again."""
    done = gearman_tx("work", "--processes", "2", "nowhere:f", folder=tmp_path)
    assert done.status == 2
    assert "cannot import nowhere" in done.err


def test_reload(our_server: str, tmp_path: Path) -> None:
    """When its module changes, a worker is restarted; with a broken module it is retried."""
    path = tmp_path / "tasks.py"
    with working(tmp_path, [our_server], "tasks:reverse", "--reload") as program:
        _change(path, "def reverse(job: oops", 1)
        program.until("cannot import tasks: SyntaxError")
        _change(path, "def reverse(job):\n    return b'new'\n", 2)
        program.until("connected to ", times=2)
        assert gearman_tx("submit", "-s", our_server, "reverse", "abc").out == "new"


def _change(path: Path, text: str, number: int) -> None:
    """Write a module with another modification time."""
    path.write_text(text)
    then = path.stat().st_mtime + number * 10
    os.utime(path, (then, then))


@pytest.mark.parametrize(
    ("words", "remedy"),
    [
        ((), "name what to run"),
        (("-f", "x"), "name what to run"),
        (("-f", "x", "--", "no-such-command"), "there is no command no-such-command"),
        (("tasks",), "'tasks' is not MODULE:OBJECT"),
        (("nowhere:f",), "cannot import nowhere: No module named 'nowhere'"),
        (("raises:f",), "cannot import raises: ZeroDivisionError"),
        (("tasks:none",), "has no attribute 'none'"),
        (("tasks:nothing",), "tasks:nothing is a int"),
        (("name=tasks:many",), "tasks:many is a dict"),
        (("name=tasks:worker",), "leave out the name and all other targets"),
        (("tasks:worker", "-s", "elsewhere"), "and not by --server;"),
        (("tasks:worker", "--max-jobs", "3"), "and not by --max-jobs;"),
        (("tasks:reverse", "--timeout", "3"), "--timeout is for a COMMAND"),
    ],
)
def test_wrong_words(words: tuple[str, ...], remedy: str, tmp_path: Path) -> None:
    """Each error is exit status 2 and one line with the reason."""
    (tmp_path / "tasks.py").write_text(TASKS)
    (tmp_path / "raises.py").write_text("1 / 0\n")
    done = gearman_tx("work", *words, folder=tmp_path)
    assert done.status == 2, done
    assert done.err.count("\n") == 1
    assert remedy in done.err
