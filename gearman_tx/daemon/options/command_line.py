"""Split the words of a command line or of a configuration file into options and values.

The syntax is the C server's: ``--name=value``, ``--name value``, ``-nvalue``, ``-n value``, and
letters without a value can be joined. The word after an option with a value is its value, even if
it starts with a dash; ``argparse`` would refuse it. Names cannot be abbreviated: an abbreviation
that is unique today would become ambiguous when an option is added.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from gearman_tx.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

COMMENT = "#"
"""A word that starts with this, and the rest of its line, is ignored."""


def cut(
    words: Sequence[str], takes_value: Mapping[str, bool], letters: Mapping[str, str]
) -> list[tuple[str, str | None]]:
    """Return the options in ``words``, in order, as pairs of name and value.

    Args:
        words: the words of the command line.
        takes_value: the names of all options, each with whether it takes a value.
        letters: the letters of options with the names of these options.

    Raises:
        ConfigurationError: a word is not an option, a value is missing, or an option takes none.
    """
    found: list[tuple[str, str | None]] = []
    rest = iter(words)
    for word in rest:
        if word.startswith("--"):
            name, equals, given = word[2:].partition("=")
            if name not in takes_value:
                raise ConfigurationError(
                    f"unrecognised option '--{name}'{_advice(name, takes_value)}"
                )
            if not takes_value[name]:
                if equals:
                    raise ConfigurationError(f"option '--{name}' does not take a value: '{word}'")
                found.append((name, None))
            else:
                found.append((name, given if equals else _next(rest, f"--{name}")))
        elif word.startswith("-") and word != "-":
            found += _cut_letters(word[1:], rest, takes_value, letters)
        else:
            raise ConfigurationError(
                f"unrecognised word {word!r}; every option starts with - or --"
            )
    return found


def _cut_letters(
    word: str, rest: Iterator[str], takes_value: Mapping[str, bool], letters: Mapping[str, str]
) -> Iterator[tuple[str, str | None]]:
    """Yield the options of a word of letters; the last one may have a value."""
    for place, letter in enumerate(word):
        if letter not in letters:
            raise ConfigurationError(f"unrecognised option '-{letter}' in '-{word}'")
        name = letters[letter]
        if takes_value[name]:
            given = word[place + 1 :].removeprefix("=")
            yield name, given or _next(rest, f"-{letter}")
            return
        yield name, None


def _next(rest: Iterator[str], option: str) -> str:
    """Return the value of ``option``: the next word."""
    try:
        return next(rest)
    except StopIteration:
        raise ConfigurationError(f"option '{option}' needs a value, and none follows") from None


def _advice(name: str, known: Mapping[str, bool]) -> str:
    """Return a hint about the option that may have been meant."""
    near = difflib.get_close_matches(name, known, 1)
    return f"; is '--{near[0]}' meant?" if near else "; --help lists the options"


def in_file(path: Path) -> list[str]:
    """Return the words of a configuration file, separated by blanks and line ends.

    The file may have the byte order mark and the line ends that editors of Windows write.

    Raises:
        ConfigurationError: the file cannot be read.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ConfigurationError(f"cannot read it: {reason}") from error
    words: list[str] = []
    for line in lines:
        for word in line.split():
            if word.startswith(COMMENT):
                break
            words.append(word)
    return words
