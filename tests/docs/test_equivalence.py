"""The table that says which command of ``gearman-tx`` does what the C tools do."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import click
import pytest

from gearman_tx.cli.program import commands
from tests.docs.blocks import ROOT
from tests.support.peers import require_program

PAGE = "docs/reference/command-line.rst"
ROW = re.compile(r"   \* - ``(?P<theirs>[^`]+)``.*\n     - (?P<ours>.+)\n")
OPTION = re.compile(r"(?<![\w-])(--?[A-Za-z][\w-]*)")


def rows() -> list[tuple[str, str]]:
    """Return the rows of the table: a command of a C tool, and the text beside it."""
    page = (ROOT / PAGE).read_text(encoding="utf-8")
    begin, end = page.index("\nThe C tools and gearman-tx\n"), page.index("\nExit status\n")
    found = ROW.findall(page[begin:end])
    assert len(found) > 25
    return found


def parse(command: str, folder: Path) -> None:
    """Parse a command line without running it."""
    program, *words = shlex.split(command)
    assert program == "gearman-tx"
    file = folder / "file"
    file.touch()
    examples = {"HOST:PORT": "host:1", "FILE": str(file), "TIME": "1m", "COUNT": "3"}
    for placeholder, example in examples.items():
        words = [word.replace(placeholder, example) for word in words]
    context = click.Context(commands, info_name=program, **commands.context_settings)
    if words == ["--help"]:
        return
    name, found, rest = commands.resolve_command(context, words)
    assert found is not None
    try:
        with found.make_context(name, list(rest), parent=context) as parsed:
            if parsed.params.get("file") is not None:
                parsed.params["file"].close()
    except click.exceptions.Exit:
        assert "--help" in rest


@pytest.mark.parametrize(("theirs", "ours"), rows())
def test_every_command_parses(theirs: str, ours: str, tmp_path: Path) -> None:
    """Beside a command of a C tool stands a command line of ours, or that there is none."""
    assert theirs.split(maxsplit=1)[0] in {"gearadmin", "gearman"}
    if ours.startswith("nothing: "):
        return
    assert ours.startswith("``")
    assert ours.endswith("``")
    parse(ours.strip("`"), tmp_path)


def test_a_wrong_command_is_found(tmp_path: Path) -> None:
    """The parser of this test refuses a command or an option that does not exist."""
    for wrong in ("gearman-tx stats", "gearman-tx status --none", "gearman-tx job"):
        with pytest.raises(click.UsageError):
            parse(wrong, tmp_path)


@pytest.mark.parametrize(
    ("program", "words", "known"),
    [
        # The long and the short form of an option stand in one row of its help.
        ("gearadmin", ["--help"], {"-h": "--host", "-p": "--port", "-S": "--ssl"}),
        ("gearman", ["-H"], {}),
    ],
)
def test_no_option_is_missing(program: str, words: list[str], known: dict[str, str]) -> None:
    """Each option that the C tool lists in its help has its row."""
    require_program(program, "apt-get install gearman-tools")
    done = subprocess.run([program, *words], capture_output=True, text=True, check=False)
    lines = [line.strip() for line in (done.stdout + done.stderr).splitlines()]
    listed = {OPTION.findall(line)[0] for line in lines if line.startswith("-")}
    assert len(listed) > 10
    shown = {
        option
        for theirs, _ in rows()
        if theirs.startswith(f"{program} ")
        for option in OPTION.findall(theirs)
    }
    missing = {known.get(option, option) for option in listed} - shown
    assert not missing, missing
