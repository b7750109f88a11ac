"""The keys of the rows that will be deleted, on disk and not in memory."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gearman_tx.store import RowKey

_KEYS_AT_ONCE: Final = 1000


class KeyFile:
    """Keys in the order in which they were added, in a temporary file without a name."""

    def __init__(self) -> None:
        self._connection = sqlite3.connect("", isolation_level=None)
        self._connection.execute("CREATE TABLE key (first, second)")
        self._connection.execute("BEGIN")

    def add(self, keys: Sequence[RowKey]) -> None:
        """Add ``keys``."""
        self._connection.executemany("INSERT INTO key VALUES (?, ?)", keys)

    def batches(self) -> Iterator[list[RowKey]]:
        """Yield all keys, up to 1000 at a time."""
        rows = self._connection.execute("SELECT first, second FROM key ORDER BY rowid")
        while some := rows.fetchmany(_KEYS_AT_ONCE):
            yield some

    def close(self) -> None:
        """Remove the file."""
        self._connection.close()
