"""A contender: a program or library that is measured."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from benchmarks.kind import Kind

T = TypeVar("T")


class Contender(Protocol[T]):
    """A program or library that is measured.

    It opens an object of the type that the kinds of its suite use.
    """

    @property
    def name(self) -> str:
        """What it is called on the command line and in JSON."""

    @property
    def title(self) -> str:
        """What it is called in a table."""

    @property
    def family(self) -> str:
        """The name that it shares with related contenders; their best has a column of its own."""

    def absence(self, kind: Kind[T]) -> str | None:
        """Return why it takes no part in ``kind``, or None if it does."""

    def open(self, kind: Kind[T], folder: Path) -> AbstractContextManager[T]:
        """Start it as ``kind`` wants it.

        Args:
            kind: the kind of work.
            folder: an empty folder of its own.

        Returns:
            The running contender. All that was started is stopped when the context ends.
        """
