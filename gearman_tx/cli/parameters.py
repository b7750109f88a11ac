"""The kinds of values that options and arguments take, with their error messages."""

from __future__ import annotations

import re
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import click
from typing_extensions import override

from gearman_tx.cli.errors import CommandError, ExitStatus
from gearman_tx.values.quantities import SIZE_FORMS, SPAN_FORMS, read_size, read_span

if TYPE_CHECKING:
    ParameterType = click.ParamType[Any]
else:
    ParameterType = click.ParamType  # older versions of click cannot subscript it

_EPOCH: Final = re.compile(r"@([0-9]{1,12}(?:\.[0-9]{1,9})?)", re.ASCII)
_THIRTY_YEARS: Final = 1e9  # seconds; a longer span is meant as a time since 1970


class _Span(ParameterType):
    """A span of time of more than 0 seconds."""

    name = "time"

    @override
    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Click: return the value of an option, in seconds."""
        seconds = value if isinstance(value, float) else read_span(str(value))
        if not seconds:
            self.fail(f"{value!r} is not a time: write {SPAN_FORMS}", param, ctx)
        return seconds


class _Size(ParameterType):
    """A size of more than 0 bytes."""

    name = "size"

    @override
    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """Click: return the value of an option, in bytes."""
        size = read_size(str(value))
        if not size:
            self.fail(f"{value!r} is not a size: write {SIZE_FORMS}", param, ctx)
        return size


class Count(ParameterType):
    """A whole number.

    Args:
        least: the smallest number that is accepted.
    """

    name = "number"

    def __init__(self, least: int = 0) -> None:
        self._least = least

    @override
    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """Click: return the value of an option."""
        word = str(value)
        if not (word.isascii() and word.isdecimal() and int(word) >= self._least):
            self.fail(f"{word!r} is not a whole number of at least {self._least}", param, ctx)
        return int(word)


class _Input(ParameterType):
    """A file to read bytes from; ``-`` is standard input."""

    name = "path"

    @override
    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> BinaryIO:
        """Click: return the open file of an option."""
        path = str(value)
        if path == "-":
            return self.standard_input()
        try:
            return Path(path).open("rb")
        except OSError as error:
            raise CommandError(f"{path}: {error.strerror}", ExitStatus.USAGE) from error

    def standard_input(self) -> BinaryIO:
        """Return standard input.

        Raises:
            CommandError: the program was started without one, as with ``<&-``.
        """
        if sys.stdin is None:
            raise CommandError("standard input is closed: name a file", ExitStatus.USAGE)
        return sys.stdin.buffer


class _When(ParameterType):
    """A time from now on, a moment since 1970 or a date; a date without a zone is local."""

    name = "when"

    @override
    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Click: return the value of an option, in seconds since 1970."""
        moment = _read_moment(str(value))
        if moment is None:
            forms = "90 (seconds from now), 10m, 2h, 1d, 2030-01-31T18:00, @SECONDS (since 1970)"
            self.fail(f"{value!r} is not a time: write {forms}", param, ctx)
        return moment


def _read_moment(word: str) -> float | None:
    """Return the seconds since 1970 that ``word`` means, or None if it is not a moment."""
    seconds = read_span(word.removeprefix("+"))
    if seconds is not None:
        return time.time() + seconds if seconds < _THIRTY_YEARS else None
    if found := _EPOCH.fullmatch(word):
        return float(found[1])
    try:
        return datetime.fromisoformat(word).astimezone().timestamp()
    except (ValueError, OverflowError):
        return None


SPAN: Final = _Span()
"""A span of time, such as ``90``, ``10m`` or ``2h``; its value is in seconds."""

INPUT: Final = _Input()
"""A file to read; its value is an open file of bytes."""

SIZE: Final = _Size()
"""A size, such as ``65536`` or ``128M``; its value is in bytes."""

WHEN: Final = _When()
"""A moment; its value is in seconds since 1970."""
