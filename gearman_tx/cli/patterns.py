"""The names of functions that a command is given: they may hold ``*``, ``?`` and ``[...]``."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from attrs import define, field

from gearman_tx.cli.errors import CommandError, ExitStatus
from gearman_tx.cli.formats import as_text


@define(eq=False)
class Patterns:
    """The functions that the user named; none means all.

    Attributes:
        words: the names.
    """

    words: Sequence[str]
    _used: set[str] = field(factory=set, init=False)

    def select(self, functions: Iterable[bytes]) -> set[bytes]:
        """Return those of the functions that a word names."""
        selected = set()
        for function in functions:
            # As it was typed, and as reports show it.
            names = {os.fsdecode(function), as_text(function)}
            words = [
                word
                for word in self.words
                if any(word == name or fnmatchcase(name, word) for name in names)
            ]
            self._used.update(words)
            if words or not self.words:
                selected.add(function)
        return selected

    def take_unknown(self) -> CommandError | None:
        """Return an error if a word has named no function since the last call."""
        unknown = [word for word in self.words if word not in self._used]
        self._used.clear()
        if not unknown:
            return None
        names = ", ".join(unknown)
        text = f"no job server knows a function {names}; gearman-tx status lists those that exist"
        return CommandError(text, ExitStatus.FAILED)
