"""The reader notices when a program prints something else than the page shows."""

from __future__ import annotations

import pytest

from tests.docs.blocks import CLAIMED, read_commands, runs
from tests.docs.reader import is_like


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        ("hello", "hello\n"),
        ("a  b", "a\tb\n\n"),
        ("H:myhost:1 is cancelled", "H:other-host.example:1795530806527117 is cancelled"),
        ("worker 4242 starts", "worker 17 starts"),
        ("took ... seconds", "took 0.25 seconds"),
        ("first\n...\nlast", "first\nsecond\nthird\nlast\n"),
        ("first\n...\nlast", "first\nlast\n"),
        ("a.b (c)", "a.b (c)"),
    ],
)
def test_what_is_like_the_page(shown: str, said: str) -> None:
    """Blanks, handles, process ids and what dots stand for may differ."""
    assert is_like(shown, said)


@pytest.mark.parametrize(
    ("shown", "said"),
    [
        ("hello", "Hello"),
        ("hello", "hello\nworld"),
        ("hello\nworld", "hello"),
        ("hello", ""),
        ("a.b", "axb"),
        ("3 of 4", "4 of 4"),
        ("H:myhost:1 is cancelled", "17 is cancelled"),
        ("first\n...\nlast", "first\nsecond\n"),
    ],
)
def test_what_is_not_like_the_page(shown: str, said: str) -> None:
    """Other words, missing lines and further lines are noticed."""
    assert not is_like(shown, said)


def test_a_console_block_is_read_with_its_output() -> None:
    """Each command has the lines below it, and one that goes on behind a backslash is one."""
    commands = read_commands("docs/how-to/use-the-command-line.rst", "submit")
    assert commands[0] == ("gearman-tx submit shout hello", ["HELLO"])
    assert commands[2] == ("gearman-tx submit count --file tasks.py > counted.txt", [])
    ((command, shown),) = read_commands("docs/how-to/use-tls.rst", "certificate")
    assert command.startswith("openssl ")
    assert command.splitlines()[0].endswith("\\")
    assert not shown


def test_a_claim_without_a_reading_fails() -> None:
    """A test that says it runs a block, and does not even read it, fails."""

    @runs("docs/tutorial.rst", "three-parties")
    def lazy() -> None:
        """Do nothing."""

    CLAIMED.discard(("docs/tutorial.rst", "three-parties"))
    with pytest.raises(AssertionError, match="three-parties"):
        lazy()
