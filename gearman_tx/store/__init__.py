"""Durable queues: the port that the job server uses, and the stores that implement it.

:class:`MemoryStore` forgets its jobs when the process ends. :class:`SQLiteStore` keeps them in a
queue file. ``Importer`` adds the jobs of a C server's store to a queue file that no server
uses; ``to_job`` has the rules for its rows.
"""

from gearman_tx.store.foreign_job import Fate, ForeignJob
from gearman_tx.store.foreign_row import ForeignRow, NotAJobError, RowKey, to_job
from gearman_tx.store.memory import MemoryStore
from gearman_tx.store.port import (
    Contents,
    History,
    InUseError,
    SharedQueue,
    Store,
    StoreError,
    StoreLostError,
    StoreState,
    Tended,
)
from gearman_tx.store.sqlite.backup import backup
from gearman_tx.store.sqlite.c_queue import DEFAULT_TABLE
from gearman_tx.store.sqlite.dry_run import DryRun
from gearman_tx.store.sqlite.importer import Importer
from gearman_tx.store.sqlite.opening import Opening
from gearman_tx.store.sqlite.recover import Recovered, recover
from gearman_tx.store.sqlite.store import SQLiteStore, check_queue_file

__all__ = [
    "DEFAULT_TABLE",
    "Contents",
    "DryRun",
    "Fate",
    "ForeignJob",
    "ForeignRow",
    "History",
    "Importer",
    "InUseError",
    "MemoryStore",
    "NotAJobError",
    "Opening",
    "Recovered",
    "RowKey",
    "SQLiteStore",
    "SharedQueue",
    "Store",
    "StoreError",
    "StoreLostError",
    "StoreState",
    "Tended",
    "backup",
    "check_queue_file",
    "recover",
    "to_job",
]
