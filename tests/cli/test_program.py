"""Parts of the commands that need no server: times, error messages, exit statuses."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import Any

import click
import pytest
from click.testing import CliRunner

from gearman_tx.cli.errors import explain
from gearman_tx.cli.parameters import SIZE, SPAN, WHEN, Count
from gearman_tx.cli.program import SUMMARIES, commands, run_command
from gearman_tx.errors import RemoteProtocolError

CONTEXT = click.Context(commands)


def test_moments() -> None:
    """A moment is a time from now on, seconds since 1970, or a date with or without a zone."""
    assert WHEN.convert("@1234.5", None, None) == 1234.5
    assert WHEN.convert("2030-01-31T18:00+00:00", None, None) == 1896112800
    assert WHEN.convert("2030-01-31", None, None) > 1896000000
    for word in ("2h", "+2h", "7200"):
        assert abs(WHEN.convert(word, None, None) - time.time() - 7200) < 60


@pytest.mark.parametrize("word", ["yesterday", "1896112800", "-1", "2h!", "@", "2030-13-01"])
def test_no_moment(word: str) -> None:
    """The message has all forms. Seconds since 1970 need their mark."""
    with pytest.raises(click.BadParameter, match="is not a time: write 90 "):
        WHEN.convert(word, None, None)


def test_spans_and_sizes() -> None:
    """Options take the units of all other programs of the package."""
    assert SPAN.convert("2h", None, None) == 7200
    assert SIZE.convert("128M", None, None) == 2**27
    assert Count(1).convert("3", None, None) == 3


@pytest.mark.parametrize(
    ("kind", "word", "said"),
    [
        (SPAN, "0", "'0' is not a time: write seconds, or a number with s, m, h, d or w"),
        (SPAN, "long", "'long' is not a time"),
        (SIZE, "0", "'0' is not a size: write bytes, or a number with K, M or G such as 64M"),
        (SIZE, "2T", "'2T' is not a size"),
        (Count(), "ten", "'ten' is not a whole number of at least 0"),
        (Count(1), "0", "'0' is not a whole number of at least 1"),
    ],
)
def test_wrong_values(kind: click.ParamType[Any], word: str, said: str) -> None:
    """The message has the word and the forms that are accepted."""
    with pytest.raises(click.BadParameter) as error:
        kind.convert(word, None, None)
    assert str(error.value).startswith(said)


def test_something_else_on_the_port() -> None:
    """An answer that is not Gearman's is exit status 4; the message asks about the port."""
    error = explain(RemoteProtocolError("'HTTP' is neither\nOK nor ERR"))
    assert error.status == 4
    assert str(error) == ("'HTTP' is neither OK nor ERR; is this the port of a Gearman job server?")


@pytest.mark.parametrize("name", [*SUMMARIES, "functions"])
def test_each_command_has_help(name: str) -> None:
    """The help begins with the usage; the list of commands has its whole first sentence."""
    command = commands.get_command(CONTEXT, name)
    assert command is not None
    if name != "gearmand":
        done = CliRunner().invoke(commands, [name, "--help"])
        assert done.exit_code == 0
        assert done.output.startswith(f"Usage: commands {name} ")
        assert str(command.help).startswith(f"{SUMMARIES[str(command.name)]}\n")
    (line,) = (
        line
        for line in CliRunner().invoke(commands, ["--help"]).output.splitlines()
        if line.startswith(f"  {command.name} ")
    )
    assert line.endswith(SUMMARIES[str(command.name)])


def test_functions_is_status() -> None:
    """The report of the functions has two names."""
    assert commands.get_command(CONTEXT, "functions") is commands.get_command(CONTEXT, "status")


LIGHT = """
import sys
from gearman_tx.cli import main
try:
    main(["gearman-tx", *{words!r}])
except SystemExit:
    pass
print("heavy:", sorted({{"twisted", "zope.interface", "rich.console"}} & set(sys.modules)))
"""


@pytest.mark.parametrize(
    ("words", "variables", "said"),
    [
        (["--help"], {}, "Usage: gearman-tx "),
        (["-h"], {}, "Usage: gearman-tx "),
        (["--version"], {}, "gearman-tx "),
        (["completion", "bash"], {}, "_gearman_tx_completion"),
        ([], {"COMP_LINE": "gearman-tx sta"}, "plain,status\n"),
        ([], {"COMP_LINE": "gearman-tx status no-such-function"}, "\n"),
        *(
            ([], {"COMP_LINE": f"gearman-tx {name} --server"}, "plain,--server\n")
            for name in (
                "status",
                "workers",
                "clients",
                "jobs",
                "job",
                "wait",
                "maxqueue",
                "create",
            )
        ),
        *(
            ([], {"COMP_LINE": f"gearman-tx {name} --server"}, "plain,--server\n")
            for name in (
                "submit",
                "cancel",
                "drop",
                "store",
                "ping",
                "check",
                "metrics",
                "ask",
                "shutdown",
            )
        ),
    ],
)
def test_nothing_heavy_is_imported(words: list[str], variables: dict[str, str], said: str) -> None:
    """The help and the Tab key start fast: without Twisted and rich."""
    if variables:
        variables = {
            "_GEARMAN_TX_COMPLETE": "bash_complete",
            "GEARMAN_SERVERS": "127.0.0.1:1",
            **variables,
        }
    code = LIGHT.format(words=words)
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=True,
    )
    assert said in done.stdout
    assert done.stdout.endswith("heavy: []\n"), done.stdout


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (click.Abort(), 130, "gearman-tx: interrupted\n"),
        (click.FileError("data", "gone"), 2, "gearman-tx: Could not open file 'data': gone;"),
    ],
)
def test_errors(
    error: Exception,
    status: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Each error is one line and an exit status."""

    def fail() -> None:
        raise error

    monkeypatch.setitem(commands.commands, "fails", click.Command("fails", callback=fail))
    assert run_command(["fails"]) == status
    assert capsys.readouterr().err.startswith(said)


def test_the_server_is_a_command_of_the_group(capsys: pytest.CaptureFixture[str]) -> None:
    """As a command of the group, it has the C server's command line too."""
    with pytest.raises(SystemExit) as ended:
        run_command(["gearmand", "--version"])
    assert ended.value.code == 0
    assert "gearmand" in capsys.readouterr().out
