"""The format of the queue file: numbered SQL files, run in order on files of older versions."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Final

from gearman_tx.store.port import StoreError

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

APPLICATION_ID: Final = 0x47_54_58_31
"""The mark of a queue file of this project in a SQLite file: ``GTX1``."""

SCRIPTS: Final = ("001_jobs.sql", "002_limits.sql", "003_imported.sql", "004_policy.sql")
"""The scripts that upgrade a file from each version to the next, the first from an empty file."""

VERSION: Final = len(SCRIPTS)

PAGE_SIZE: Final = 4096
"""Bytes in a page of the files that we make."""

ROOT_OF_JOBS: Final = 3
"""The page with the root of the table ``job`` in these files; page 2 is SQLite's map of pages."""

# Read now: a server that changed its user or its folder may not be able to read them later.
_TEXTS: Final = {
    name: files(__name__).joinpath(name).read_text(encoding="utf-8") for name in SCRIPTS
}


def find_version(connection: sqlite3.Connection, path: Path) -> int | None:
    """Return the version of a file's format, 0 for an empty file, None for another file.

    Raises:
        StoreError: the file has a newer format.
        sqlite3.Error: the file cannot be read.
    """
    (marked,) = connection.execute("PRAGMA application_id").fetchone()
    (found,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    if marked != APPLICATION_ID:
        return None if tables else 0
    refuse_newer(int(found), path)
    return int(found)


def refuse_newer(found: int, path: Path) -> None:
    """Refuse a file of a newer format.

    Raises:
        StoreError: ``found`` is newer than the format of this version.
    """
    if found > VERSION:
        text = f"the queue file {path} has format {found}, this version reads up to {VERSION}"
        raise StoreError(f"{text}: install the version that wrote it, or a newer one")


def upgrade(connection: sqlite3.Connection, found: int, version: int = VERSION) -> None:
    """Upgrade a file from version ``found`` to ``version``, in the transaction under way.

    Raises:
        sqlite3.Error: the file cannot be written.
    """
    for name in SCRIPTS[found:version]:
        for statement in _statements(name):
            connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {version}")


def _statements(name: str) -> list[str]:
    """Return the statements of a script, none of which has a semicolon inside."""
    lines = [line.partition("--")[0] for line in _TEXTS[name].splitlines()]
    return [part for part in "\n".join(lines).split(";") if part.strip()]
