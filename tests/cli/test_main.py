"""``gearman-tx`` finds its commands."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gearman_tx._version import BUILD, __version__
from gearman_tx.cli import main
from tests.daemon.process import BIN, run

WITHOUT_CLICK = "import sys; sys.modules['click'] = None; from gearman_tx.cli import main; "


def run_without_click(*words: str) -> subprocess.CompletedProcess[str]:
    """Run ``gearman-tx`` as if click were not installed."""
    call = f"sys.exit(main(['gearman-tx', *{list(words)!r}]))"
    command = [sys.executable, "-c", WITHOUT_CLICK + call]
    return subprocess.run(command, capture_output=True, check=False, text=True)


@pytest.mark.parametrize("word", ["--help", "-h"])
def test_help(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The help lists the commands."""
    assert main(["gearman-tx", word]) == 0
    assert "  gearmand  " in capsys.readouterr().out


def test_no_command(capsys: pytest.CaptureFixture[str]) -> None:
    """No command is an error, which prints the help."""
    assert main(["gearman-tx"]) == 2
    assert "Usage: gearman-tx " in capsys.readouterr().err


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    """The version is this package's."""
    assert main(["gearman-tx", "--version"]) == 0
    assert capsys.readouterr().out == f"gearman-tx {__version__} ({BUILD})\n"


def test_unknown_command(capsys: pytest.CaptureFixture[str]) -> None:
    """The message names it in one line, with a hint."""
    assert main(["gearman-tx", "german"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("gearman-tx: No such command 'german'")
    assert said.endswith("see gearman-tx --help\n")


@pytest.mark.parametrize(
    "words", [("work", "module:function"), ("recover", "queue"), ("import", "queue.db")]
)
def test_a_folder_that_was_removed(tmp_path: Path, words: tuple[str, ...]) -> None:
    """A command that needs the working folder says that it is gone."""
    folder = tmp_path / "removed"
    remove = f'mkdir "{folder}"; cd "{folder}"; rmdir "{folder}"; exec "$0" "$@"'
    done = run(["sh", "-c", remove, str(BIN / "gearman-tx"), *words], tmp_path)
    text = "gearman-tx: the working folder was removed: change to another folder\n"
    assert done == (2, "", text)


def test_as_a_module(tmp_path: Path) -> None:
    """``python -m gearman_tx`` is ``gearman-tx``."""
    command = [sys.executable, "-m", "gearman_tx"]
    version = run([*command, "--version"], tmp_path)
    assert version == (0, f"gearman-tx {__version__} ({BUILD})\n", "")
    done = run([*command, "german"], tmp_path)
    assert done.status == 2
    assert done.err.startswith("gearman-tx: No such command 'german'")
    assert run([*command, "gearmand", "--check-args", "--port=1"], tmp_path) == (0, "", "")


def test_as_a_module_without_click(tmp_path: Path) -> None:
    """One line says what to install."""
    program = "import runpy, sys; sys.modules['click'] = None; sys.argv[1:] = ['submit', 'f']; "
    program += "runpy.run_module('gearman_tx', run_name='__main__')"
    done = run([sys.executable, "-c", program], tmp_path)
    remedy = "needs more packages: pip install 'gearman-tx[cli]'"
    assert done == (1, "", f"gearman-tx: the command 'submit' {remedy}\n")


def test_a_command_that_is_nearly_right(capsys: pytest.CaptureFixture[str]) -> None:
    """The message names the one that may be meant."""
    assert main(["gearman-tx", "stats"]) == 2
    text = "gearman-tx: No such command 'stats'. Did you mean status?"
    assert capsys.readouterr().err.startswith(text)


def test_a_command_without_click() -> None:
    """One line says what to install."""
    done = run_without_click("submit", "reverse")
    assert (done.returncode, done.stdout) == (1, "")
    remedy = "needs more packages: pip install 'gearman-tx[cli]'"
    assert done.stderr == f"gearman-tx: the command 'submit' {remedy}\n"


def test_the_server_without_click() -> None:
    """The job server needs nothing but Twisted and attrs."""
    done = run_without_click("gearmand", "--version")
    assert done.returncode == 0, done.stderr
    assert __version__ in done.stdout


def test_help_without_click() -> None:
    """The help lists the job server and names the packages of the other commands."""
    done = run_without_click("--help")
    assert done.returncode == 0
    assert "pip install 'gearman-tx[cli]'" in done.stdout
    assert run_without_click().returncode == 2
    assert run_without_click("-V").stdout == f"gearman-tx {__version__} ({BUILD})\n"


def test_under_the_name_of_the_c_server(tmp_path: Path) -> None:
    """A link named gearmand has only the C server's command line."""
    link = tmp_path / "gearmand"
    link.symlink_to(BIN / "gearman-tx")
    done = subprocess.run([link, "--version"], capture_output=True, check=True)
    assert done.stdout == f"\ngearmand {__version__} - gearman_tx ({BUILD})\n".encode()


def test_words_of_the_process(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without arguments, those of the process are used."""
    monkeypatch.setattr(sys, "argv", ["gearman-tx", "-V"])
    assert main() == 0
    assert capsys.readouterr().out.startswith("gearman-tx ")
