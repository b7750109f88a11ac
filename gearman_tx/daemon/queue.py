"""Where the queue is kept, as the options say: in memory, or in a file of SQLite."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from attrs import define

from gearman_tx.errors import ConfigurationError
from gearman_tx.server import DurableQueue
from gearman_tx.store import SQLiteStore, StoreError, check_queue_file

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gearman_tx.core import JobServer
    from gearman_tx.daemon.options import ServerOptions
    from gearman_tx.server import GearmanFactory, Journal

BUILTIN: Final = "builtin"
SQLITE: Final = "sqlite"
QUEUE_TYPES: Final = {BUILTIN: BUILTIN, SQLITE: SQLITE, "libsqlite3": SQLITE}
"""The names of queue types, ours and the C server's, and what each means."""

SYNCHRONOUS: Final = ("full", "normal")
"""What survives a loss of power: every acknowledged job, or all but the newest."""


def queue_type(word: str) -> str:
    """Read the name of a queue type; its case does not matter.

    Raises:
        ConfigurationError: there is no such type in this version.
    """
    if word.lower() not in QUEUE_TYPES:
        text = f"{word!r} is not in this version; there are {BUILTIN} and {SQLITE}"
        raise ConfigurationError(text)
    return QUEUE_TYPES[word.lower()]


def queue_path(options: ServerOptions) -> Path:
    """Return the queue file: the one that was named, or one named after the port."""
    named = options["sqlite-path"] or options["libsqlite3-db"]
    return Path(named or f"gearmand-{options['port']}.sqlite3").absolute()


@define(eq=False)
class QueueFile:
    """The queue file of one job server.

    Attributes:
        path: where it is.
        queue: its life: loading, committing, closing.
    """

    path: Path
    queue: DurableQueue
    _handle_prefix: bytes
    _synchronous: str
    _c_table: str

    def check(self) -> None:
        """Find out, before anything is served, whether the file can be used.

        Raises:
            ConfigurationError: it cannot, for the reason that the text says.
        """
        try:
            check_queue_file(self.path, self._synchronous, self._handle_prefix, self._c_table)
        except StoreError as error:
            raise ConfigurationError(f"--queue-type={SQLITE}: {error}") from error


def make_queue(
    options: ServerOptions, reactor: Any, jobs: JobServer, factory: GearmanFactory, journal: Journal
) -> QueueFile | None:
    """Return the queue file that the options ask for, or None for a queue in memory."""
    if options["queue-type"] == BUILTIN:
        return None
    path = queue_path(options)
    prefix = jobs.tables.policy.handle_prefix
    careful, c_table = options["sqlite-synchronous"].upper(), options["libsqlite3-table"]
    store = SQLiteStore(reactor, path, careful, handle_prefix=prefix, c_table=c_table)
    queue = DurableQueue(jobs, store, factory, journal)
    return QueueFile(path, queue, prefix, careful, c_table)


def notes(queue: QueueFile | None) -> Sequence[str]:
    """Return what the log should tell at the start about where the queue is kept."""
    if queue is not None:
        return [f"background jobs are kept in {queue.path}"]
    text = "the queue is in memory: jobs, in the background too, end with this process"
    return [f"{text}; --queue-type={SQLITE} keeps background jobs in a file"]
