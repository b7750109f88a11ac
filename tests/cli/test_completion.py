"""The Tab key in real shells, with names from real servers."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.shell_completion import _resolve_context, _resolve_incomplete

from gearman_tx.cli.names import FUNCTION, HANDLE
from gearman_tx.cli.program import commands
from gearman_tx.cli.suggestions import SECONDS, function_names, handles
from gearman_tx.testing import ServerProcess
from tests.cli.programs import environment, gearman_tx
from tests.cli.shells import Shell, start_shell
from tests.daemon.process import BIN
from tests.support.peers import require_program
from tests.support.ports import free_port
from tests.support.servers import running, start_c_server, start_our_server

NAMES = ("resize", "App::Mail", "two words", "mail\N{DEGREE SIGN}")


def fill(server: ServerProcess) -> ServerProcess:
    """Submit one job of each of some functions."""
    for name in NAMES:
        done = gearman_tx("submit", "-b", name, "x", "-s", server.url)
        assert done.status == 0, done
    return server


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """Run our server, with jobs."""
    with running(start_our_server(tmp_path_factory.mktemp("ours"))) as process:
        yield fill(process)


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """Run the C server, with jobs."""
    with running(start_c_server(tmp_path_factory.mktemp("theirs"))) as process:
        yield fill(process)


@pytest.fixture(params=["ours", "theirs"])
def server(request: pytest.FixtureRequest) -> ServerProcess:
    """Return each of the two servers."""
    found: ServerProcess = request.getfixturevalue(request.param)
    return found


@pytest.fixture(scope="module", params=["bash", "zsh"])
def shell(
    request: pytest.FixtureRequest,
    ours: ServerProcess,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Shell]:
    """Run a shell whose variable names our server."""
    folder = tmp_path_factory.mktemp(request.param)
    shell = start_shell(request.param, folder, GEARMAN_SERVERS=ours.url)
    yield shell
    shell.close()


def handles_of(server: ServerProcess) -> list[str]:
    """Return the handles of all jobs."""
    rows = server.ask(b"show jobs\r\n", b".\n").decode().splitlines()[:-1]
    return sorted(row.split("\t")[0] for row in rows)


def test_names(server: ServerProcess) -> None:
    """Both servers are asked; ours also says what a job is and does."""
    assert {*NAMES} <= {*function_names([server.url])}
    found = handles([server.url])
    assert sorted(found) == handles_of(server)
    assert found[min(found)] in {"resize queued", ""}


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("sta", "status"),
        ("status resize App::", "status resize App::Mail"),
        ("status tw", r"status two\ words"),
        ("status mail", "status mail\N{DEGREE SIGN}"),
        ("jobs --state ru", "jobs --state running"),
        ("status -s localhost:", "status -s localhost:4730"),
        ("status no-such-fun", "status no-such-fun"),
    ],
)
def test_words(shell: Shell, typed: str, completed: str) -> None:
    """Commands, options, states, servers and the functions of the server are completed."""
    assert shell.complete(f"gearman-tx {typed}") == f"gearman-tx {completed}"


def test_handles(shell: Shell, ours: ServerProcess) -> None:
    """Handles are completed as far as they are equal, although bash ends a word at each colon."""
    first, *_, last = handles_of(ours)
    while not last.startswith(first):
        first = first[:-1]
    assert first.count(":") == 2
    for typed in ("H", "H:", first):
        assert shell.complete(f"gearman-tx cancel {typed}") == f"gearman-tx cancel {first}"
    assert shell.complete(f"gearman-tx cancel {last}") == f"gearman-tx cancel {last}"


@pytest.mark.parametrize(
    ("command", "kind"),
    [
        *((words, FUNCTION) for words in ("submit -b", "work -f", "maxqueue", "drop")),
        *((words, FUNCTION) for words in ("status", "jobs", "check", "metrics", "functions")),
        *((words, HANDLE) for words in ("job", "wait", "cancel", "cancel H:x:1")),
    ],
)
def test_places(command: str, kind: object) -> None:
    """Each place in which a function or a handle may stand is completed from the servers."""
    words = command.split()
    context = _resolve_context(commands, {}, "gearman-tx", words)
    place, _ = _resolve_incomplete(context, words, "")
    assert isinstance(place, click.Parameter)
    assert place.type is kind


def test_the_named_server_is_asked(ours: ServerProcess, tmp_path: Path) -> None:
    """``--server`` on the line counts more than the variable."""
    shell = start_shell("bash", tmp_path, GEARMAN_SERVERS=f"127.0.0.1:{free_port()}")
    try:
        assert shell.complete("gearman-tx status re") == "gearman-tx status re"
        line = f"gearman-tx status --server=127.0.0.1:1,{ours.url} re"
        assert shell.complete(line) == f"{line}size"
    finally:
        shell.close()


def test_fish(ours: ServerProcess, tmp_path: Path) -> None:
    """Fish shows the function and the state of a job beside its handle."""
    require_program("fish", "apt-get install fish")
    script = tmp_path / "gearman-tx.fish"
    script.write_text(gearman_tx("completion", "fish").out, encoding="utf-8")

    def complete(line: str) -> list[str]:
        variables = {"HOME": str(tmp_path), "PATH": f"{BIN}:/usr/bin:/bin"}
        done = subprocess.run(
            ["fish", "-c", f"source {script}; complete -C '{line}'"],
            env=environment(GEARMAN_SERVERS=ours.url, **variables),
            capture_output=True,
            check=True,
            text=True,
        )
        return done.stdout.splitlines()

    assert complete("gearman-tx status re") == ["resize"]
    found = dict(line.partition("\t")[::2] for line in complete("gearman-tx cancel H:"))
    assert found == handles([ours.url])


def test_a_server_that_says_nothing() -> None:
    """The shell waits half a second, and nothing is printed."""
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        name = f"127.0.0.1:{mute.getsockname()[1]}"
        begin = time.monotonic()
        assert function_names([name, name]) == {}
        assert time.monotonic() - begin >= SECONDS
        done = gearman_tx(
            _GEARMAN_TX_COMPLETE="bash_complete",
            COMP_LINE="gearman-tx status re",
            GEARMAN_SERVERS=name,
        )
        assert done == (0, "\n", "")


@pytest.mark.parametrize(
    "name", ["127.0.0.1:1", "tls:localhost:4730", "unix:/nowhere", "localhost:99999", "[::1"]
)
def test_servers_that_cannot_be_asked(name: str) -> None:
    """They have no names to offer."""
    assert function_names([name]) == {}


def test_a_unix_socket(tmp_path: Path) -> None:
    """A server that listens there is asked, too."""
    path = tmp_path / "gearman.sock"
    with running(start_our_server(tmp_path, f"--endpoint=unix:{path}")) as server:
        server.ask(b"create function resize\r\n")
        assert function_names([f"unix:{path}"]) == {"resize": ""}
        assert handles([f"unix:{path}", f"127.0.0.1:{server.port}"]) == {}


@pytest.mark.parametrize(
    ("shell", "shown"),
    [
        ("/bin/bash", ["for bash, put this line into ~/.bashrc"]),
        ("/usr/bin/zsh", ["for zsh, put this line into ~/.zshrc, after compinit"]),
        ("/usr/bin/fish", ["for fish, run this once"]),
        ("/bin/dash", ["for bash, ", "for zsh, ", "for fish, "]),
        ("", ["for bash, ", "for zsh, ", "for fish, "]),
    ],
)
def test_which_shell(shell: str, shown: list[str]) -> None:
    """Without an argument, the command says what to do for the user's shell."""
    done = gearman_tx("completion", SHELL=shell)
    assert (done.status, done.out) == (2, "")
    lines = done.err.splitlines()
    for line, start in zip(lines[::2], shown, strict=True):
        assert line.startswith(f"gearman-tx: {start}")
    for line in lines[1::2]:
        assert line.startswith("  ")
        assert line.strip() in gearman_tx("completion", "--help").out
