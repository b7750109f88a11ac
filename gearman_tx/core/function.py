"""A function: its queues, its workers and its counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gearman_tx.core.ends import END_NAMES
from gearman_tx.core.job_queue import JobQueue
from gearman_tx.core.settings import PLAIN

if TYPE_CHECKING:
    from gearman_tx.core.peer import Peer
    from gearman_tx.core.settings import FunctionSettings


class Function:
    """Everything the server keeps under one function name.

    ``Dispatch`` alone changes the queues and :attr:`running`.

    Attributes:
        name: the name, any bytes without NUL.
        settings: what the operator decided for it; :meth:`configure` changes it.
        is_plain: whether the settings are the defaults, so that submissions need not read them.
        queues: the queued jobs: high, normal, low.
        workers: the peers that registered the function, oldest first.
        idle: sleeping peers that can be woken for it; the last one to fall asleep is at the end.
            A peer in it may be awake by now; see ``dispatch.py``.
        committing: how many new jobs are not durable yet.
        delayed: how many jobs wait for their time.
        running: how many jobs run.
        kept: how many jobs are left to the next start.
        submitted: how many jobs were made since the function became known.
        lost: how many tries since then were lost with their worker or ran out of time.
        ended: how many jobs ended since then, for each way to end (``ends.py``).
        is_listed: whether it was ever registered, submitted to or created; the C server's reports
            leave out a function that has settings only.
        is_set: whether an operator created it or gave it settings; then it is never forgotten.
    """

    __slots__ = (
        "committing",
        "delayed",
        "ended",
        "idle",
        "is_listed",
        "is_plain",
        "is_set",
        "kept",
        "lost",
        "name",
        "queues",
        "running",
        "settings",
        "submitted",
        "workers",
    )

    def __init__(self, name: bytes, settings: FunctionSettings) -> None:
        self.name = name
        self.configure(settings)
        self.queues = [JobQueue(), JobQueue(), JobQueue()]
        self.workers: dict[Peer, None] = {}
        self.idle: dict[Peer, None] = {}
        self.committing = 0
        self.delayed = 0
        self.running = 0
        self.kept = 0
        self.submitted = 0
        self.lost = 0
        self.ended = [0] * len(END_NAMES)
        self.is_set = False
        self.is_listed = False

    def configure(self, settings: FunctionSettings) -> None:
        """Replace all settings."""
        self.settings = settings
        self.is_plain = settings == PLAIN

    @property
    def queued(self) -> int:
        """How many jobs wait for a worker."""
        high, normal, low = self.queues
        return high.size + normal.size + low.size

    @property
    def total(self) -> int:
        """How many jobs are live and durable: the number in ``status``, to which limits apply."""
        return self.queued + self.running + self.delayed + self.kept

    @property
    def is_unused(self) -> bool:
        """Whether forgetting the function would lose nothing but its totals."""
        return not (self.is_set or self.workers or self.committing or self.total)
