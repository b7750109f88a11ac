"""What is asked of a store of the C server, whichever it is, and what can go wrong with one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, Protocol, TypeAlias

from gearman_tx.errors import GearmanError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

Key: TypeAlias = "tuple[int | str | bytes | None, int | str | bytes | None]"
"""What a source calls one of its rows by, in two values."""

EXPOSED: Final = (
    "everybody on this machine can read a password on the command line: leave it out, and give"
    " --ask-password, --password-file or the environment variable {variable}"
)
"""What is said about a password in an address."""


class SourceError(GearmanError):
    """A source cannot be reached, read or changed; the text says why and what helps."""


class Row(NamedTuple):
    """One job as a source has it, nothing of it looked at yet.

    Attributes:
        key: what the source calls the row by when it is to be deleted.
        function: the function's name.
        unique: the unique.
        priority: 0, 1 or 2, or whatever is there.
        workload: the data; None stands for an empty one.
        due: Unix seconds, or None.
        trouble: why the rest of it cannot be told.
    """

    key: Key
    function: bytes | None
    unique: bytes | None
    priority: object
    workload: bytes | None
    due: object = None
    trouble: str = ""


class Source(Protocol):
    """A store of the C server, open. It is read once from beginning to end.

    Attributes:
        name: what it is called in messages, without a password.
        identity: what tells it from other stores, by whatever address it was found.
    """

    name: str
    identity: str

    def count(self) -> int | None:
        """Return how many rows there are, or None where that is not known beforehand.

        Raises:
            SourceError: it cannot be read.
        """

    def read(self) -> Iterator[Row]:
        """Yield all rows, in the order in which they were written where the source knows it.

        Raises:
            SourceError: it cannot be read.
        """

    def delete(self, batches: Iterable[Sequence[Key]]) -> int:
        """Delete rows that were read, all or none where the source can do that.

        Returns:
            How many there were still.

        Raises:
            SourceError: they cannot be deleted.
        """

    def close(self) -> None:
        """Let the source go; what was not deleted is as it was."""
