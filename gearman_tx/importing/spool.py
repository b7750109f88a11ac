"""The keys of rows that are to be deleted later, kept on the disk and not in memory."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gearman_tx.importing.source import Key

_KEYS_AT_ONCE: Final = 1000


class Spool:
    """Keys in the order in which they came, in a temporary file that has no name."""

    def __init__(self) -> None:
        self._connection = sqlite3.connect("", isolation_level=None)
        self._connection.execute("CREATE TABLE key (first, second)")
        self._connection.execute("BEGIN")

    def add(self, keys: Sequence[Key]) -> None:
        """Keep ``keys``."""
        self._connection.executemany("INSERT INTO key VALUES (?, ?)", keys)

    def batches(self) -> Iterator[list[Key]]:
        """Yield all keys, some at a time."""
        rows = self._connection.execute("SELECT first, second FROM key ORDER BY rowid")
        while some := rows.fetchmany(_KEYS_AT_ONCE):
            yield some

    def close(self) -> None:
        """Forget everything."""
        self._connection.close()
