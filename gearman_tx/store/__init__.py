"""Durable queues: the port that the job server uses, and what keeps to it.

:class:`MemoryStore` forgets when the process ends; :class:`SQLiteStore` keeps a file, whose format
is in ``schema``. ``BulkLoad`` adds the jobs of another store to such a file while no server
has it.
"""

from gearman_tx.store.foreign_job import Fate, ForeignJob
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
from gearman_tx.store.sqlite.bulk_load import BulkLoad
from gearman_tx.store.sqlite.c_queue import DEFAULT_TABLE
from gearman_tx.store.sqlite.dry_run import Rehearsal
from gearman_tx.store.sqlite.opening import Opening
from gearman_tx.store.sqlite.store import SQLiteStore, check_queue_file

__all__ = [
    "DEFAULT_TABLE",
    "BulkLoad",
    "Contents",
    "Fate",
    "ForeignJob",
    "History",
    "InUseError",
    "MemoryStore",
    "Opening",
    "Rehearsal",
    "SQLiteStore",
    "SharedQueue",
    "Store",
    "StoreError",
    "StoreLostError",
    "StoreState",
    "Tended",
    "backup",
    "check_queue_file",
]
