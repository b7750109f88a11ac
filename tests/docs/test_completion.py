"""Completion as the page sets it up, in the shells themselves."""

from __future__ import annotations

import pytest

from tests.docs.blocks import runs
from tests.docs.conftest import MakeReader
from tests.docs.reader import Reader
from tests.support.peers import require_program
from tests.support.ports import free_port

PAGE = "docs/reference/command-line.rst"
BASH = """
COMP_LINE='gearman-tx stat'
COMP_POINT=15
_gearman_tx_completion gearman-tx
echo "${COMPREPLY[@]}"
"""


@pytest.fixture
def reader(make_reader: MakeReader) -> Reader:
    """A reader with a home of the test's own."""
    reader = make_reader(PAGE, free_port())
    reader.words = {"~": str(reader.folder)}
    reader.variables = {"HOME": str(reader.folder)}
    return reader


@runs(PAGE, "bash")
def test_bash(reader: Reader) -> None:
    """``stat`` becomes ``status``."""
    require_program("bash", "apt-get install bash")
    path = reader.save("bash", ".bashrc")
    path.write_text(path.read_text() + BASH, encoding="utf-8")
    assert reader.type("bash ~/.bashrc").lines == ["status"]


@runs(PAGE, "zsh")
def test_zsh(reader: Reader) -> None:
    """Zsh knows who completes the words of ``gearman-tx``."""
    require_program("zsh", "apt-get install zsh")
    path = reader.save("zsh", ".zshrc")
    text = f"autoload -U compinit\ncompinit -D\n{path.read_text()}\nprint $_comps[gearman-tx]\n"
    path.write_text(text, encoding="utf-8")
    assert reader.type("zsh ~/.zshrc").lines == ["_gearman_tx_completion"]


@runs(PAGE, "fish")
def test_fish(reader: Reader) -> None:
    """``stat`` becomes ``status``."""
    require_program("fish", "apt-get install fish")
    (reader.folder / ".config" / "fish" / "completions").mkdir(parents=True)
    reader.run("fish")
    (line,) = reader.type("fish -c 'complete -C \"gearman-tx stat\"'").lines
    assert line.split()[0] == "status"
