"""Return the free pages of a queue file to the disk, a few at a time.

Jobs that end leave free pages, which new jobs use. The file is made smaller only when most of it is
free, because that moves pages, and a queue that fills and empties all day should not pay for it
each time. So a file is at most about twice as large as its contents need, plus
:data:`VACUUM_PAGES`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import sqlite3

VACUUM_PAGES: Final = 2048
"""If more pages than this, and more than half of all, are free, as many are returned at once."""


def vacuum_some(connection: sqlite3.Connection) -> bool:
    """Return some of the free pages if most are free; return whether there may be more."""
    (free,) = connection.execute("PRAGMA freelist_count").fetchone()
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    if free <= VACUUM_PAGES or free * 2 <= pages:
        return False
    # execute() would run one step of the statement, which returns one page.
    connection.executescript(f"PRAGMA incremental_vacuum({VACUUM_PAGES})")
    return True
