"""Who takes part: a program or a library that plays kinds of work."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from benchmarks.kind import Kind

T = TypeVar("T")


class Contender(Protocol[T]):
    """One who takes part.

    What it opens is of the type that the kinds of its suite play with.
    """

    @property
    def name(self) -> str:
        """What it is called on the command line and in JSON."""

    @property
    def title(self) -> str:
        """What it is called in a table."""

    @property
    def family(self) -> str:
        """The name it shares with others of its sort; their best is a column of its own."""

    def absence(self, kind: Kind[T]) -> str | None:
        """Return why it takes no part in ``kind``, or None if it does."""

    def open(self, kind: Kind[T], folder: Path) -> AbstractContextManager[T]:
        """Start it as ``kind`` wants it.

        Args:
            kind: what it is to play.
            folder: an empty folder of its own.

        Returns:
            It, running. Whatever was started is stopped when the context ends.
        """
