"""One job server per queue file: a lock on a file beside it, held while the server lives.

SQLite's own locks stay free, so that other processes can read the queue and back it up meanwhile.
The lock file stays when the server ends: if it were removed, two servers could lock two files. Its
existence shows the next server that there was a queue.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from gearman_tx.store.port import InUseError, StoreError


class QueueLock:
    """The lock of the queue file at ``path``.

    Attributes:
        path: the lock file.
        was_there: whether the lock file existed before, which shows that there was a queue.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(f"{path}.lock")
        self.was_there = False
        self._queue = path
        self._file: int | None = None

    def take(self, *, create: bool = True) -> None:
        """Lock without waiting.

        Args:
            create: whether a missing lock file is created. If not, nothing is locked then: a
                server always has a lock file.

        Raises:
            InUseError: another server holds the lock.
            StoreError: the lock file cannot be opened or created.
        """
        try:
            self.was_there = self.path.exists()
            if not create and not self.was_there:
                return
            flags = os.O_RDWR | os.O_CREAT if create else os.O_RDONLY
            file = os.open(self.path, flags | os.O_CLOEXEC, 0o600)
        except OSError as error:
            text = f"the queue file {self._queue} needs {self.path} beside it"
            raise StoreError(f"{text}, which cannot be written: {error.strerror}") from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(file)
            text = f"another job server uses the queue file {self._queue}"
            raise InUseError(f"{text} ({self.path} is locked)") from error
        self._file = file

    def keep(self) -> None:
        """Lock again if the lock file was deleted, so that a second server stays out.

        Raises:
            StoreError: a second server was faster, or the lock file cannot be examined.
        """
        if self._file is None:
            self.take()
            return
        try:
            if os.path.samestat(self.path.stat(), os.fstat(self._file)):
                return
        except FileNotFoundError:
            pass
        except OSError as error:
            raise StoreError(f"cannot look for {self.path}: {error.strerror}") from error
        self.release()
        self.take()

    def release(self, *, undo: bool = False) -> None:
        """Unlock; with ``undo`` also remove the lock file if it did not exist before."""
        if self._file is not None:
            if undo and not self.was_there:
                self.path.unlink(missing_ok=True)
            os.close(self._file)
            self._file = None
