"""Read what is left of a damaged queue file without SQLite, and put it into a new one.

:func:`salvage` replaces the damaged file, :func:`copy_readable` leaves it alone. The other modules
read SQLite's file format: ``wal`` and ``pages`` give the pages, ``btree`` and ``record`` the rows
of a page, ``queue_reader`` the jobs and settings among the rows.
"""

from gearman_tx.store.sqlite.salvage.rebuild import Salvaged, copy_readable, salvage

__all__ = ["Salvaged", "copy_readable", "salvage"]
