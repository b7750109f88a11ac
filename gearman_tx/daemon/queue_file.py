"""The queue file that the options name, if any."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from attrs import define

from gearman_tx.daemon.options.queue_options import BUILTIN, SQLITE
from gearman_tx.errors import ConfigurationError
from gearman_tx.store import InUseError, SQLiteStore, StoreError, check_queue_file

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gearman_tx.daemon.options.server_options import ServerOptions

_PAUSE: Final = 0.05  # seconds between two tries
_REMEDY: Final = (
    f"--sqlite-path names another file, --queue-type={BUILTIN} keeps the queue in memory"
)


def queue_path(options: ServerOptions) -> Path:
    """Return the path of the queue file: the given one, or one in the working folder.

    The latter has the number of ``--port`` in its name, even if the server does not listen on that
    port or the system chooses another: the next start, on a port or on a socket, must find it.

    Raises:
        ConfigurationError: the working folder was removed.
    """
    named = options["sqlite-path"] or options["libsqlite3-db"]
    path = Path(named or f"gearmand-{options['port']}.sqlite3")
    return path if path.is_absolute() else options.folder / path


@define(eq=False)
class QueueFile:
    """The queue file of one job server.

    Attributes:
        path: its path.
        store: the store that uses it, not open yet.
    """

    path: Path
    store: SQLiteStore
    _handle_prefix: bytes
    _synchronous: str
    _c_table: str
    _patience: float

    def check(self) -> None:
        """Check, before anything is served, that the file can be used.

        While another server uses the file, wait for its end, up to the patience.

        Raises:
            ConfigurationError: the file cannot be used; the text has the reason.
        """
        deadline = time.monotonic() + self._patience
        while True:
            try:
                check_queue_file(self.path, self._synchronous, self._handle_prefix, self._c_table)
            except StoreError as error:
                if isinstance(error, InUseError) and time.monotonic() < deadline:
                    time.sleep(_PAUSE)  # noqa: TID251  # no reactor runs yet
                    continue
                raise ConfigurationError(f"{error}; {_REMEDY}") from error
            return


def make_queue_file(
    options: ServerOptions, reactor: Any, handle_prefix: bytes, patience: float
) -> QueueFile | None:
    """Return the queue file that the options ask for, or None for a queue in memory.

    Args:
        options: the parsed options.
        reactor: for the threads of the store, and its time.
        handle_prefix: the prefix of the handles of jobs that are imported from the C server.
        patience: seconds to wait for a file that another server uses.
    """
    if options["queue-type"] == BUILTIN:
        return None
    path = queue_path(options)
    synchronous, c_table = options["sqlite-synchronous"].upper(), options["libsqlite3-table"]
    store = SQLiteStore(reactor, path, synchronous, handle_prefix=handle_prefix, c_table=c_table)
    return QueueFile(path, store, handle_prefix, synchronous, c_table, patience)


def notes(queue: QueueFile | None) -> Sequence[str]:
    """Return the log line of the start that says where the queue is kept."""
    if queue is not None:
        return [f"background jobs are kept in {queue.path}"]
    text = "the queue is in memory: jobs, in the background too, end with this process"
    return [f"{text}; --queue-type={SQLITE} keeps background jobs in a file"]
