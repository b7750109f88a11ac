"""Reports on terminals of several widths, with and without escape sequences."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.cli.programs import gearman_tx, on_a_terminal, rows
from tests.support.servers import running, start_our_server

ESCAPE = "\x1b"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of a server with jobs of long names."""
    with running(start_our_server(tmp_path_factory.mktemp("server"))) as process:
        name = f"127.0.0.1:{process.port}"
        words = ("submit", "-s", name, "-nb")
        lines = b"\n".join(b"%d" % number for number in range(120))
        gearman_tx(*words, "Company::Department::Images::Resize", data=lines)
        gearman_tx("submit", "-s", name, "-b", "-u", "u" * 60, "short", "x")
        yield name


@pytest.mark.parametrize("columns", [40, 80, 100])
@pytest.mark.parametrize("command", ["jobs", "status", "ping", "workers"])
def test_nothing_is_folded(server: str, command: str, columns: int) -> None:
    """No line is longer than the terminal, and each row is one line."""
    words = ("workers", "--all") if command == "workers" else (command,)
    shown = on_a_terminal(*words, "-s", server, columns=columns, NO_COLOR="1")
    lines = shown.splitlines()
    assert all(len(line) <= columns for line in lines)
    expected = {"jobs": 100 + 2, "status": 2 + 1, "ping": 1 + 1, "workers": 1 + 1}
    assert len(lines) == expected[command], shown


@pytest.mark.parametrize("columns", [10, 40, 80])
def test_handles_are_whole(server: str, columns: int) -> None:
    """A handle can be copied into cancel from a terminal of any width."""
    handles = [row["handle"] for row in rows("jobs", "-s", server)]
    words = ("jobs", "-s", server, "--limit", "0", "--no-headers")
    shown = on_a_terminal(*words, columns=columns, NO_COLOR="1")
    assert [line.split()[0] for line in shown.splitlines()] == handles


def test_a_hundred_jobs(server: str) -> None:
    """A terminal gets the first hundred, and the number of the others; a pipe gets all."""
    shown = on_a_terminal("jobs", "-s", server)
    assert shown.endswith("… and 21 more; --limit 0 shows all\r\n")
    assert len(gearman_tx("jobs", "-s", server).out.splitlines()) == 122


def test_wide(server: str) -> None:
    """--wide cuts nothing, and neither does a pipe."""
    shown = on_a_terminal("jobs", "-s", server, "--wide", "--limit", "0", columns=40, NO_COLOR="1")
    assert "u" * 60 in shown
    assert "Due in" in shown
    assert shown.splitlines()[0] == gearman_tx("jobs", "-s", server).out.splitlines()[0]


def test_bold_headings(server: str) -> None:
    """The headings are bold on a terminal, unless the user wants no escape sequences."""
    assert on_a_terminal("status", "-s", server).startswith(f"{ESCAPE}[1mFunction")
    assert ESCAPE not in gearman_tx("status", "-s", server).out


@pytest.mark.parametrize(
    ("words", "variables"),
    [
        (("status", "--color", "never"), {}),
        (("--color", "never", "status"), {}),
        (("status",), {"NO_COLOR": "1"}),
        (("status",), {"TERM": "dumb"}),
        (("status", "--watch", "0.01", "--count", "2"), {"NO_COLOR": "1"}),
    ],
)
def test_no_escape_sequences(
    server: str, words: tuple[str, ...], variables: dict[str, Any]
) -> None:
    """--color never, NO_COLOR and a dumb terminal get plain text, also with --watch."""
    shown = on_a_terminal(*words, "-s", server, **variables)
    assert ESCAPE not in shown
    assert "Function" in shown


def test_letters_that_the_terminal_does_not_have(server: str) -> None:
    """They are written as escapes, and nothing fails."""
    assert gearman_tx("submit", "-s", server, "-b", "\u5199", "x").status == 0
    done = gearman_tx("status", "-s", server, "\u5199", PYTHONIOENCODING="latin-1")
    assert done.out.splitlines()[1].startswith("\\u5199")
    assert gearman_tx("cancel", "-s", server, "-f", "\u5199").status == 0
