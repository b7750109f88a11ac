"""Give the pages that a queue file does not need any more back to the disk, a few at a time.

What ends leaves free pages, which the next jobs take. Only when most of a file is free is it made
smaller: pages are moved for that, and a queue that is filled and emptied all day should not pay it
each time. So a file is at most about twice as large as what it holds needs, and :data:`TIDY_PAGES`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import sqlite3

TIDY_PAGES: Final = 2048
"""When more pages than this, and more than half of all, are free, as many are given back."""


def tidy(connection: sqlite3.Connection) -> bool:
    """Give some of the free pages back when most are; return whether there may be more."""
    (free,) = connection.execute("PRAGMA freelist_count").fetchone()
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    if free <= TIDY_PAGES or free * 2 <= pages:
        return False
    # Of execute() it would take one step, which gives back one page.
    connection.executescript(f"PRAGMA incremental_vacuum({TIDY_PAGES})")
    return True
