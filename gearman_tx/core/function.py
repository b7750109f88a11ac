"""A function: its queues, its workers and the figures beside them."""

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
        is_plain: whether that is the defaults, so that submissions need not look at it.
        queues: the queued jobs: high, normal, low.
        workers: the peers that registered the function, oldest first.
        idle: sleeping peers that can be woken for it, the last one to fall asleep at the end.
            A peer in it may be awake by now; see ``dispatch.py``.
        committing: how many jobs are not durable yet.
        delayed: how many jobs wait for their time.
        running: how many jobs workers have.
        kept: how many jobs are left to the next start.
        submitted: how many jobs were made since the function became known.
        lost: how many tries were lost with their worker or ran out of time since then.
        ended: how many jobs ended since then, by the way they ended (``ends.py``).
        is_listed: whether it was ever registered, submitted to or created; settings alone leave
            it out of the C server's reports.
        is_set: whether the operator created it or gave it settings; then it is never forgotten.
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
        """Change the settings, all of them."""
        self.settings = settings
        self.is_plain = settings == PLAIN

    @property
    def queued(self) -> int:
        """How many jobs wait for a worker."""
        high, normal, low = self.queues
        return high.size + normal.size + low.size

    @property
    def total(self) -> int:
        """How many jobs are live and durable: what ``status`` shows and limits compare."""
        return self.queued + self.running + self.delayed + self.kept

    @property
    def is_unused(self) -> bool:
        """Whether forgetting the function would lose nothing but its totals."""
        return not (self.is_set or self.workers or self.committing or self.total)
