"""``gearman-tx`` finds its commands."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gearman_tx import __version__
from gearman_tx.cli import main
from tests.daemon.process import BIN


@pytest.mark.parametrize("word", ["--help", "-h"])
def test_help(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The help lists the commands."""
    assert main(["gearman-tx", word]) == 0
    assert "  gearmand  " in capsys.readouterr().out


def test_no_command(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing to do is a mistake, and the help tells what there is."""
    assert main(["gearman-tx"]) == 1
    assert "Usage: gearman-tx COMMAND" in capsys.readouterr().err


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    """The version is this package's."""
    assert main(["gearman-tx", "--version"]) == 0
    assert capsys.readouterr().out == f"gearman-tx {__version__}\n"


def test_unknown_command(capsys: pytest.CaptureFixture[str]) -> None:
    """The message names it."""
    assert main(["gearman-tx", "german"]) == 1
    assert capsys.readouterr().err.startswith("gearman-tx: unknown command 'german'")


def test_under_the_name_of_the_c_server(tmp_path: Path) -> None:
    """A link called gearmand is the C server's command line and nothing else."""
    link = tmp_path / "gearmand"
    link.symlink_to(BIN / "gearman-tx")
    done = subprocess.run([link, "--version"], capture_output=True, check=True)
    assert done.stdout == f"\ngearmand {__version__} - gearman_tx\n".encode()


def test_words_of_the_process(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without arguments, those of the process count."""
    monkeypatch.setattr(sys, "argv", ["gearman-tx", "-V"])
    assert main() == 0
    assert capsys.readouterr().out.startswith("gearman-tx ")
