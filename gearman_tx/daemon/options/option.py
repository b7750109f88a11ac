"""One option: a row of the table of options."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import frozen

from gearman_tx.daemon.options import values
from gearman_tx.values.quantities import exact_size

if TYPE_CHECKING:
    from gearman_tx.daemon.options.values import Reader


@frozen
class Option:
    """One option.

    Attributes:
        name: its long name, without the dashes.
        help: its explanation in ``--help``.
        letter: its short name, or None.
        value: the placeholder of its value in the help; None for an option without a value.
        default: its value when it is not given.
        shown: the default in the help; empty if the explanation has it.
        read: returns the value for the given word.
        repeats: whether it may be given several times; its value is then a list.
        meaningless: why it has no effect, for the log; empty for an option with an effect.
        refused: why it is refused, for the error; empty for an accepted option.
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
        """The option in the spelling of the help, such as ``-p, --port=NUMBER``."""
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
    shown, read = exact_size(default), values.size(least, most)
    return Option(name, text, value="SIZE", default=default, shown=shown, read=read)


def seconds(name: str, default: float, text: str, *, least: float, most: float) -> Option:
    """Return an option for a span of time, from ``least`` to ``most`` seconds."""
    shown, read = f"{default:g}", values.seconds(least, most)
    return Option(name, text, value="TIME", default=default, shown=shown, read=read)


def meaningless(name: str, why: str, **more: Any) -> Option:
    """Return an option that is accepted without effect; the log gives the reason ``why``."""
    return Option(name, f"Accepted, without effect: {why}.", meaningless=why, **more)


def refused(why: str, *names: str) -> tuple[Option, ...]:
    """Return options that are refused for the reason ``why``.

    Args:
        why: the reason, for the error.
        names: their names; the name of an option with a value ends in ``=``.
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
