"""Words are split into options as in the C server."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest

from gearman_tx.daemon.options import command_line
from gearman_tx.errors import ConfigurationError

TAKES_VALUE = {"port": True, "listen": True, "exceptions": False, "round-robin": False}
LETTERS = {"p": "port", "L": "listen", "R": "round-robin"}


def cut(*given: str) -> list[tuple[str, str | None]]:
    """Split ``given`` by a small table."""
    return command_line.cut(given, TAKES_VALUE, LETTERS)


@pytest.mark.parametrize(
    "given",
    [
        ("--port=1",),
        ("--port", "1"),
        ("-p1",),
        ("-p", "1"),
        ("-p=1",),
    ],
)
def test_the_spellings_of_a_value(given: tuple[str, ...]) -> None:
    """A value may be joined to its option or follow it."""
    assert cut(*given) == [("port", "1")]


def test_letters_stand_together() -> None:
    """The last letter of a word may have a value."""
    assert cut("-RRp1", "-R") == [
        ("round-robin", None),
        ("round-robin", None),
        ("port", "1"),
        ("round-robin", None),
    ]


def test_a_value_may_look_like_an_option() -> None:
    """The word after an option with a value is its value, even if it is empty."""
    assert cut("-p", "-1", "--listen", "--port", "--listen=", "--listen", "") == [
        ("port", "-1"),
        ("listen", "--port"),
        ("listen", ""),
        ("listen", ""),
    ]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["--prt=1"], "unrecognised option '--prt'; is '--port' meant?"),
        (["--por", "1"], "unrecognised option '--por'; is '--port' meant?"),
        (["--zzz"], "unrecognised option '--zzz'; --help lists the options"),
        (["--"], "unrecognised option '--'; --help lists the options"),
        (["-x"], "unrecognised option '-x' in '-x'"),
        (["-Rx"], "unrecognised option '-x' in '-Rx'"),
        (["stray"], "unrecognised word 'stray'; every option starts with - or --"),
        (["-"], "unrecognised word '-'; every option starts with - or --"),
        ([""], "unrecognised word ''; every option starts with - or --"),
        (["--exceptions=1"], "option '--exceptions' does not take a value: '--exceptions=1'"),
        (["--port"], "option '--port' needs a value, and none follows"),
        (["-p"], "option '-p' needs a value, and none follows"),
    ],
)
def test_what_is_no_option(given: list[str], message: str) -> None:
    """The message names the word and the reason; names cannot be abbreviated."""
    with pytest.raises(ConfigurationError) as error:
        cut(*given)
    assert str(error.value) == message


def test_words_of_a_file(tmp_path: Path) -> None:
    """They are separated by blanks, tabs and line ends; a comment ends with its line."""
    path = tmp_path / "conf"
    path.write_text("--port 1\t-R\r\n\n# all of this\n--listen=a#b # the rest\n-R", "utf-8")
    assert command_line.in_file(path) == ["--port", "1", "-R", "--listen=a#b", "-R"]


@pytest.mark.parametrize("begin", ["", "# of Windows\n\n"])
def test_a_file_with_a_byte_order_mark(tmp_path: Path, begin: str) -> None:
    """The mark and the line ends of Windows are parts of no word and of no comment."""
    path = tmp_path / "conf"
    text = f"{begin}--port 1\n--listen=a\n".replace("\n", "\r\n")
    path.write_text(text, "utf-8-sig", newline="")
    assert path.read_bytes().startswith(codecs.BOM_UTF8)
    assert command_line.in_file(path) == ["--port", "1", "--listen=a"]


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """The message has the operating system's reason."""
    with pytest.raises(ConfigurationError, match="cannot read it: No such file or directory"):
        command_line.in_file(tmp_path / "conf")


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    """A file that is not text is refused before its words are read."""
    path = tmp_path / "conf"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigurationError, match="cannot read it: it is not UTF-8 text"):
        command_line.in_file(path)
