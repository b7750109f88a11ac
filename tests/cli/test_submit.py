"""``gearman-tx submit`` with real servers and workers."""

from __future__ import annotations

import codecs
import json
import re
import shlex
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.programs import gearman_tx, on_a_terminal, rows, started, working
from tests.daemon.process import BIN, WAIT_SECONDS
from tests.support.servers import running, start_our_server

FUNCTIONS = ("tasks:reverse", "tasks:chat", "bad=tasks:broken", "tasks:kill")


@pytest.fixture(scope="module")
def _workers(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """Run a worker for both servers."""
    servers = [f"127.0.0.1:{request.getfixturevalue(one).port}" for one in ("ours", "theirs")]
    with working(tmp_path_factory.mktemp("worker"), servers, "-c", "2", *FUNCTIONS):
        yield


@pytest.mark.usefixtures("_workers")
def test_an_argument(server: str) -> None:
    """The result of a workload on the command line is printed as it is."""
    assert gearman_tx("submit", "-s", server, "reverse", "hello") == (0, "olleh", "")


@pytest.mark.usefixtures("_workers")
def test_standard_input(server: str) -> None:
    """The default workload is standard input; the servers may come from the environment."""
    done = gearman_tx("submit", "reverse", data=b"one\ntwo\n", GEARMAN_SERVERS=server)
    assert done == (0, "\nowt\neno", "")


@pytest.mark.usefixtures("_workers")
def test_a_file(server: str, tmp_path: Path) -> None:
    """A file is one workload, or one for each line."""
    (tmp_path / "data").write_bytes(b"one\r\ntwo")
    words = ("submit", "-s", server, "reverse", "--file", "data")
    assert gearman_tx(*words, folder=tmp_path).out == "owt\n\reno"
    assert gearman_tx(*words, "--lines", folder=tmp_path) == (0, "eno\nowt\n", "")


@pytest.mark.usefixtures("_workers")
def test_a_file_of_windows(server: str, tmp_path: Path) -> None:
    """The byte order mark of its editors is not part of the first line."""
    words = ("submit", "-s", server, "reverse", "--file", "data", "--lines")
    for data, result in ((b"one\r\ntwo\r\n", "eno\nowt\n"), (b"one", "eno\n"), (b"", "")):
        (tmp_path / "data").write_bytes(codecs.BOM_UTF8 + data)
        assert gearman_tx(*words, folder=tmp_path) == (0, result, "")


@pytest.mark.usefixtures("_workers")
def test_many_lines(server: str) -> None:
    """More lines than the window holds are all submitted and printed in their order."""
    numbers = [str(number) for number in range(2500)]
    done = gearman_tx("submit", "-s", server, "-n", "reverse", data="\n".join(numbers).encode())
    assert done.status == 0
    assert done.out.splitlines() == [number[::-1] for number in numbers]


@pytest.mark.usefixtures("_workers")
def test_lines_come_as_they_are_written(server: str, tmp_path: Path) -> None:
    """A line is submitted before the next one is written."""
    words = ("submit", "-s", server, "-n", "reverse")
    with started(*words, folder=tmp_path, stdin=subprocess.PIPE) as program:
        stdin = program.process.stdin
        assert stdin is not None
        for word, turned in ((b"abc\n", "cba\n"), (b"def\n", "fed\n")):
            stdin.write(word)
            stdin.flush()
            program.until(turned)
        stdin.close()
        program.process.stdin = None
        assert program.end() == 0


@pytest.mark.usefixtures("_workers")
def test_data_and_warnings(server: str) -> None:
    """Data goes to stdout before the result, warnings go to stderr; a pipe gets no progress."""
    assert gearman_tx("submit", "-s", server, "chat", "x") == (0, "one two", "careful\n")


@pytest.mark.usefixtures("_workers")
def test_a_failed_job(our_server: str) -> None:
    """The exit status is 1, and one line has the worker's error."""
    done = gearman_tx("submit", "-s", our_server, "bad", "x")
    assert (done.status, done.out) == (1, "")
    assert done.err.startswith("gearman-tx: job H:")
    assert done.err.endswith(" of bad failed: ValueError: no way\n")


@pytest.mark.usefixtures("_workers")
def test_failed_lines(our_server: str) -> None:
    """After a failure the other lines are still submitted."""
    done = gearman_tx("submit", "-s", our_server, "-n", "bad", data=b"1\n2\n3\n")
    assert done.status == 1
    assert done.err.count("ValueError") == 3


def test_background_jobs_and_reports(server: str) -> None:
    """The handle of a background job is printed; reports show it and cancel takes it."""
    name = "waits-" + server.rpartition(":")[2]
    done = gearman_tx("submit", "-s", server, "-b", "-p", "high", "-u", "key", name, "x")
    assert done.status == 0
    handle = done.out.strip()
    assert handle.startswith("H:")
    again = gearman_tx("submit", "-s", server, "-b", "-u", "key", name, "x")
    assert again.out == done.out
    (row,) = rows("status", "-s", server, name)
    assert (row["server"], row["jobs"], row["high"], row["running"]) == (server, 1, 1, 0)
    assert handle in [row["handle"] for row in rows("jobs", "-s", server)]
    assert gearman_tx("cancel", "-s", server, handle) == (0, f"{handle} is cancelled\n", "")


def test_later(our_server: str) -> None:
    """A job with --at is in the background and due at that time."""
    done = gearman_tx("submit", "-s", our_server, "--at", "1h", "later", "x")
    (row,) = rows("jobs", "-s", our_server, "later")
    assert row["handle"] == done.out.strip()
    assert 3500 < row["due_in"] <= 3601  # whole seconds, rounded up twice
    table = gearman_tx("jobs", "-s", our_server, "later").out
    assert "59m" in table or "1h" in table
    assert gearman_tx("cancel", "-s", our_server, row["handle"]).status == 0


def test_no_worker(our_server: str) -> None:
    """A job that takes too long has failed; the message has a hint."""
    done = gearman_tx("submit", "-s", our_server, "--timeout", "0.1", "no-worker", "x")
    text = "gearman-tx: the task took more than 0.1 seconds; --timeout gives it more time\n"
    assert done == (1, "", text)


def test_a_refused_job(our_server: str) -> None:
    """A full queue is exit status 4, also for one of several lines."""
    assert gearman_tx("maxqueue", "-s", our_server, "full", "1").status == 0
    done = gearman_tx("submit", "-s", our_server, "-nb", "full", data=b"1\n2\n")
    assert done.status == 4
    assert done.out.startswith("H:")
    assert done.err.startswith("gearman-tx: the job server refused it: QUEUE_ERROR")
    assert gearman_tx("cancel", "-s", our_server, done.out.strip()).status == 0


def test_no_server() -> None:
    """An unreachable server is exit status 3 at once, and one line with a hint."""
    done = gearman_tx("submit", "-s", "127.0.0.1:1", "f", "x")
    assert (done.status, done.out) == (3, "")
    assert done.err.count("\n") == 1
    assert "GEARMAN_SERVERS" in done.err


@pytest.mark.parametrize(
    ("words", "remedy"),
    [
        ((), "Missing argument 'FUNCTION'; see gearman-tx submit --help"),
        (("f", "x", "--file", "tasks.py"), "not both"),
        (("f", "x", "--lines"), "leave WORKLOAD out"),
        (("f", "x", "--jsonl"), "--jsonl reads --file or standard input"),
        (("f", "--lines", "--jsonl"), "choose --lines or --jsonl"),
        (("f", "x", "--at", "+1", "-p", "low"), "no priority"),
        (("f", "x", "--at", "soon"), "'soon' is not a time: write 90 (seconds from now), 10m"),
        (("f", "x", "--retries", "ten"), "'ten' is not a whole number of at least 0"),
        (("f", "x", "-u", "k" * 65), "over the limit of 64"),
        (("f", "x", "-s", "host:99999"), "outside 1 to 65535"),
        (("f", "x", "-s", "bad:endpoint:x=y"), "bad:endpoint:x=y"),
        (("f", "--file", "missing"), "No such file"),
        (("f", "--file", "."), "Is a directory"),
    ],
)
def test_wrong_words(words: tuple[str, ...], remedy: str, tmp_path: Path, our_server: str) -> None:
    """Each error is exit status 2 and one line with the reason."""
    (tmp_path / "tasks.py").touch()
    done = gearman_tx("submit", *words, folder=tmp_path, GEARMAN_SERVERS=our_server)
    assert done.status == 2, done
    assert done.err.count("\n") == 1
    assert remedy in done.err


def test_a_workload_over_the_limit(our_server: str, tmp_path: Path) -> None:
    """It is refused before it is sent: exit status 2, and one line with size and limit."""
    with (tmp_path / "large").open("wb") as large:
        large.truncate(140_000_000)
    done = gearman_tx("submit", "-s", our_server, "f", "--file", "large", folder=tmp_path)
    assert done.status == 2
    text = "a packet of 140000003 bytes is over the limit of 134217728: split the workload"
    assert done.err.startswith(f"gearman-tx: {text}")
    assert done.err.count("\n") == 1


@pytest.mark.usefixtures("_workers")
def test_empty_lines(our_server: str) -> None:
    """An empty result is an empty line, so that results stand in the order of the lines."""
    done = gearman_tx("submit", "-s", our_server, "-n", "reverse", data=b"ab\n\ncd\n")
    assert done == (0, "ba\n\ndc\n", "")


@pytest.mark.usefixtures("_workers")
def test_results_in_json(our_server: str) -> None:
    """An object has the handle, the server, the result or the error, and the time it took."""
    done = gearman_tx("submit", "-s", our_server, "--json", "-u", "key", "reverse", "abc")
    found = json.loads(done.out)
    assert found.pop("handle").startswith("H:")
    assert 0 < found.pop("duration") < 60
    usual = {"server": our_server, "function": "reverse", "unique": "key"}
    assert found == {**usual, "result": "cba", "error": None}
    done = gearman_tx("submit", "-s", our_server, "--json", "bad", "x")
    found = json.loads(done.out)
    assert done.status == 1
    assert found["result"] is None
    assert found["error"].endswith("of bad failed: ValueError: no way")
    done = gearman_tx("submit", "-s", our_server, "--json", "chat", "x")
    assert json.loads(done.out)["result"] == "one two"
    data = b"\x00\xff"
    done = gearman_tx("submit", "-s", our_server, "--json", "reverse", data=data)
    assert json.loads(done.out)["result"] == {"base64": "/wA="}
    done = gearman_tx("submit", "-s", our_server, "--json", "-b", "no-worker-at-all", "x")
    found = json.loads(done.out)
    assert (found["result"], found["error"]) == (None, None)
    assert gearman_tx("cancel", "-s", our_server, found["handle"]).status == 0


@pytest.mark.usefixtures("_workers")
def test_jobs_in_json(our_server: str) -> None:
    """Each line says what differs from the options; the results come in the order of the lines."""
    lines = (
        b'{"workload": "abc"}',
        b"",
        b'{"workload": {"base64": "eHl6"}, "priority": "high", "unique": "u"}',
        b'{"function": "chat", "workload": "x"}',
        b'{"function": "held", "at": "1h", "workload": "later"}',
    )
    done = gearman_tx("submit", "-s", our_server, "reverse", "--jsonl", data=b"\n".join(lines))
    assert done.status == 0, done
    *results, handle = done.out.splitlines()
    assert results == ["cba", "zyx", "one two"]
    (row,) = rows("jobs", "-s", our_server, "held")
    assert (row["handle"], row["state"]) == (handle, "delayed")
    assert gearman_tx("cancel", "-s", our_server, handle).status == 0


@pytest.mark.usefixtures("_workers")
@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"[]", "a job is a JSON object with function, workload, unique, priority, at"),
        (b"{", "Expecting property name"),
        (b'{"prio": "low"}', "there is no key 'prio'"),
        (b'{"function": 3}', "function is not a text: 3"),
        (b'{"workload": 3}', 'workload is neither a text nor {"base64": "..."}'),
        (b'{"workload": {"base64": "?"}}', "the workload is not base64"),
        (b'{"priority": "urgent"}', "priority is 'urgent': write high, normal or low"),
        (b'{"at": "soon"}', "'soon' is not a time"),
        (b'{"at": "1h", "priority": "low"}', "Gearman has no priority for a job with a time"),
        (b'{"function": ""}', "name the function"),
    ],
)
def test_wrong_jobs_in_json(our_server: str, line: bytes, why: str) -> None:
    """One line has the number and the reason; the jobs before it are done."""
    data = b'{"workload": "abc"}\n' + line
    done = gearman_tx("submit", "-s", our_server, "reverse", "--jsonl", data=data)
    assert (done.status, done.out) == (2, "cba\n")
    assert done.err.startswith("gearman-tx: line 2: ")
    assert why in done.err
    assert done.err.count("\n") == 1


@pytest.mark.parametrize("words", [("f",), ("f", "--file", "-"), ("f", "--lines"), ("--jsonl",)])
def test_closed_standard_input(our_server: str, words: tuple[str, ...]) -> None:
    """One line says so, with exit status 2."""
    command = shlex.join([str(BIN / "gearman-tx"), "submit", "-s", our_server, *words])
    done = subprocess.run(["sh", "-c", f"{command} <&-"], capture_output=True, check=False)
    text = b"gearman-tx: standard input is closed: name a file\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, b"", text)


@pytest.mark.parametrize("words", [("status",), ("submit", "-b", "full-disk", "x")])
def test_output_that_cannot_be_written(our_server: str, words: tuple[str, ...]) -> None:
    """One line says so, with exit status 1."""
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [BIN / "gearman-tx", *words, "-s", our_server],
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    text = b"gearman-tx: cannot write the output: No space left on device\n"
    assert (done.returncode, done.stderr) == (1, text)


def test_lines_that_cannot_be_read(our_server: str, tmp_path: Path) -> None:
    """Unreadable input is exit status 2."""
    with (tmp_path / "written").open("wb") as stream:
        done = subprocess.run(
            [BIN / "gearman-tx", "submit", "-s", our_server, "-n", "f"],
            stdin=stream,
            capture_output=True,
            check=False,
        )
    assert done.returncode == 2
    assert b"Bad file descriptor" in done.stderr


def test_interrupted(our_server: str, tmp_path: Path) -> None:
    """SIGINT ends the command with status 130, for one job and for lines."""
    with started("submit", "-s", our_server, "stays", "x", folder=tmp_path) as program:
        _until_known(our_server, "stays")
        assert program.end(signal.SIGINT) == 130
    words = ("submit", "-s", our_server, "-n", "lines")
    with started(*words, folder=tmp_path, stdin=subprocess.PIPE) as program:
        assert program.process.stdin is not None
        program.process.stdin.write(b"1\n")
        program.process.stdin.flush()
        _until_known(our_server, "lines")
        program.process.send_signal(signal.SIGINT)
        assert program.process.wait(WAIT_SECONDS) == 130


def _until_known(server: str, function: str) -> None:
    while gearman_tx("status", "-s", server, function).status:
        pass


@pytest.mark.usefixtures("_workers")
def test_a_baron_a_terminal(our_server: str) -> None:
    """On a terminal, progress is a bar that is removed before other output."""
    shown = on_a_terminal("submit", "-s", our_server, "chat", data=b"x\n\x04")
    assert "Ctrl-D" in shown
    assert "1 of 4" in shown
    assert "\x1b[2K" in shown[shown.index("1 of 4") : shown.index("one ")]
    assert "one \r\ncareful\r\ntwo\r\n" in shown.replace("\x1b[?25h", "").replace("\x1b[?25l", "")


def test_a_watched_reporton_a_terminal(our_server: str) -> None:
    """On a terminal, a watched report takes the whole screen and gives it back."""
    words = ("ping", "-s", our_server, "--watch", "0.01", "--count", "2")
    shown = on_a_terminal(*words)
    assert shown.startswith("\x1b[?1049h")
    assert shown.count("Answered in") == 2
    assert "\x1b[?1049l" in shown


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("submit", "nobody-works", "x"), r"no worker offers nobody-works \(H:\S+:\d+\)"),
        (("submit", "--jsonl"), r"no worker offers of-json \(H:\S+:\d+\)"),
    ],
)
def test_a_wait_is_explained_on_a_terminal(
    our_server: str, words: tuple[str, ...], reason: str
) -> None:
    """After two seconds a line says what is waited for, and how to leave."""
    shown = on_a_terminal(
        *words,
        *("-s", our_server),
        data=b'{"function": "of-json"}\n',
        status=130,
        interrupted_after="Ctrl-C leaves\r\n",
    )
    assert re.search(rf"waiting: {reason}; Ctrl-C leaves\r\n", shown)


@pytest.mark.usefixtures("_workers")
def test_a_result_ends_its_line_on_a_terminal(our_server: str) -> None:
    """The prompt of the shell comes below the result."""
    assert on_a_terminal("submit", "-s", our_server, "reverse", "abc").endswith("cba\r\n")


def test_a_silent_server_is_named_on_a_terminal(tmp_path: Path) -> None:
    """A server that does not answer is named after two seconds, for reports and for jobs."""
    with running(start_our_server(tmp_path)) as server:
        name = f"127.0.0.1:{server.port}"
        server.process.send_signal(signal.SIGSTOP)
        try:
            shown = on_a_terminal(
                *("status", "-s", name, "--timeout", "1m"),
                status=130,
                interrupted_after="Ctrl-C leaves\r\n",
            )
        finally:
            server.process.send_signal(signal.SIGCONT)
    assert f"waiting: no answer yet from {name}; Ctrl-C leaves\r\n" in shown
