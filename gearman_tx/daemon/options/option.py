"""What is known of one option; the table of them is made of these."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import frozen

from gearman_tx.daemon.options import values

if TYPE_CHECKING:
    from gearman_tx.daemon.options.values import Reader


@frozen
class Option:
    """One option.

    Attributes:
        name: its long name, without the dashes.
        help: what it does, for the person who reads ``--help``.
        letter: its short name, or None.
        value: what stands for its value in the help; None for an option without one.
        default: its value when it is not given.
        shown: the default as the help tells it; empty where the help's text does.
        read: turns the word that was given into the value.
        repeats: whether it may be given several times; its value is the list of all of them.
        meaningless: why it is accepted without any effect, for the log; empty for most.
        refused: why it is not accepted, for the person who gave it; empty for most.
    """

    name: str
    help: str
    letter: str | None = None
    value: str | None = None
    default: Any = None
    shown: str = ""
    read: Reader = str
    repeats: bool = False
    meaningless: str = ""
    refused: str = ""

    @property
    def spelled(self) -> str:
        """The option as the help writes it, such as ``-p, --port=NUMBER``."""
        long = f"--{self.name}={self.value}" if self.value else f"--{self.name}"
        return f"-{self.letter}, {long}" if self.letter else f"    {long}"


def number(name: str, default: int, text: str, *, least: int = 0, **more: Any) -> Option:
    """Return an option for a whole number of at least ``least``, or from ``least`` to ``most``."""
    read = values.number(least, more.pop("most", values.LARGEST_NUMBER))
    return Option(
        name, text, value="NUMBER", default=default, shown=str(default), read=read, **more
    )


def size(name: str, default: int, text: str, *, least: int, most: int) -> Option:
    """Return an option for a number of bytes from ``least`` to ``most``."""
    shown, read = values.size_text(default), values.size(least, most)
    return Option(name, text, value="SIZE", default=default, shown=shown, read=read)


def seconds(name: str, default: float, text: str, *, least: float, most: float) -> Option:
    """Return an option for a time from ``least`` to ``most`` seconds."""
    shown, read = f"{default:g}", values.seconds(least, most)
    return Option(name, text, value="SECONDS", default=default, shown=shown, read=read)


def meaningless(name: str, why: str, **more: Any) -> Option:
    """Return an option that is accepted, has no effect, and has the log say ``why``."""
    return Option(name, f"Accepted, without effect: {why}.", meaningless=why, **more)


def refused(why: str, *names: str) -> tuple[Option, ...]:
    """Return options that are refused for the reason ``why``.

    Args:
        why: what the person who gives one of them is told.
        names: their names; one that has a value ends in ``=``.
    """
    text = f"Refused: {why}."
    return tuple(
        Option(
            name.removesuffix("="),
            text,
            value="VALUE" if name.endswith("=") else None,
            refused=why,
        )
        for name in names
    )
