"""End this process when the process that started it has ended, also if that was killed."""

from __future__ import annotations

import os
import signal
import threading
from typing import Final

CHECK_SECONDS: Final = 0.5
"""Seconds between two looks at the parent."""


def end_with_parent(parent: int, patience: float) -> None:
    """Watch the parent in a thread; when it has ended, end this process as SIGTERM does.

    A process gets another parent when its own has ended, so nothing that it inherits is needed.

    Args:
        parent: the process id of the parent; it may have ended already.
        patience: seconds that this process has to end before it is cut off.
    """
    threading.Thread(target=_watch, args=(parent, patience), daemon=True).start()


def _watch(parent: int, patience: float) -> None:
    pause = threading.Event()
    while os.getppid() == parent:
        pause.wait(CHECK_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)
    pause.wait(patience)
    os._exit(1)
