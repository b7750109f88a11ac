"""One job server a queue file: a lock on a file beside it, held as long as the server lives.

SQLite's own locks stay free, so that the queue can be looked at and backed up meanwhile. The lock
file stays behind when the server ends: taking it away would let two servers lock two files. That
it is there tells the next one that there was a queue.
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
        was_there: whether there was a lock file before, so that there has been a queue.
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
        """Lock anew if somebody deleted the lock file, so that a second server stays out.

        Raises:
            StoreError: a second server was quicker, or the file cannot be looked for.
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
        """Let other servers have the queue; with ``undo``, as if there had never been a lock."""
        if self._file is not None:
            if undo and not self.was_there:
                self.path.unlink(missing_ok=True)
            os.close(self._file)
            self._file = None
