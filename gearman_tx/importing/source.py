"""What every store of the C server offers to an import, and what can go wrong with one."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, Protocol

from gearman_tx.errors import GearmanError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from gearman_tx.store import ForeignRow, RowKey

EXPOSED: Final = (
    "every user of this machine can read a password on the command line: leave it out, and give"
    " --ask-password, --password-file or the environment variable {variable}"
)
"""The error text about a password in an address."""


class SourceError(GearmanError):
    """A source cannot be reached, read or changed; the text says why and what helps."""


class Source(Protocol):
    """An open store of the C server. It is read once from beginning to end.

    Attributes:
        name: its name in messages, without a password.
        identity: a text that differs from that of every other store, whichever address was used.
    """

    name: str
    identity: str

    def count(self) -> int | None:
        """Return the number of rows, or None if it is only known after reading.

        Raises:
            SourceError: it cannot be read.
        """

    def read(self) -> Iterator[ForeignRow]:
        """Yield all rows, in the order in which they were written if the source knows it.

        Raises:
            SourceError: it cannot be read.
        """

    def delete(self, batches: Iterable[Sequence[RowKey]]) -> int:
        """Delete rows that were read, all or none if the source can do that.

        Returns:
            How many of them were still there.

        Raises:
            SourceError: they cannot be deleted.
        """

    def close(self) -> None:
        """Close the source; rows that were not deleted are unchanged."""


@contextmanager
def source_errors(
    doing: str, errors: tuple[type[Exception], ...], describe: Callable[[Any], str] = str
) -> Iterator[None]:
    """Raise the errors of a database's driver as :class:`SourceError`.

    Args:
        doing: what is done, as in ``cannot DOING: ...``.
        errors: the classes of the driver's errors.
        describe: returns the text of such an error.
    """
    try:
        yield
    except errors as error:
        raise SourceError(f"cannot {doing}: {describe(error)}") from error
