"""One request on its way: the reactor's side of it.

Theory of operation. An errand is made in the thread of a caller and then belongs to the reactor's
thread, which gives it to a :class:`~gearman_tx.client.Client`, and puts what becomes of it into
``news``. Whoever waits for the request takes the news out, one thread at a time. It passes two
milestones, *accepted* and *over*; when it is lost before the first, it passes both at once.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import Any

from attrs import define, field
from twisted.internet.defer import Deferred, succeed
from twisted.python.failure import Failure

from gearman_tx.blocking.connection_manager import GearmanConnectionManager
from gearman_tx.blocking.job import GearmanJobRequest
from gearman_tx.blocking.news import (
    Completed,
    Created,
    Failed,
    Lost,
    News,
    PartCame,
    StatusCame,
    WarningCame,
    WasRefused,
)
from gearman_tx.blocking.server_group import ServerGroup
from gearman_tx.client import JobStatus, Task
from gearman_tx.client.preparation import Priority
from gearman_tx.errors import JobException, JobFailed, Refused


@define(eq=False)
class Errand:
    """What the reactor's thread knows of one request.

    Attributes:
        function: the function.
        data: the workload.
        unique: the key by which job servers join submissions into one job.
        priority: as the client says it.
        is_background: whether it is over when it is accepted.
        news: what became of it and was not told yet, oldest first.
        is_accepted: whether a job server accepted it.
        is_over: whether nothing more becomes of it.
        is_unsent: whether it was not even tried: no job server could be reached to give it to.
        trouble: why it was lost, or could not even be sent.
    """

    function: Any
    data: bytes
    unique: Any
    priority: Priority
    is_background: bool
    news: deque[News] = field(factory=deque, init=False)
    is_accepted: bool = field(default=False, init=False)
    is_over: bool = field(default=False, init=False)
    is_unsent: bool = field(default=False, init=False)
    trouble: Exception | None = field(default=None, init=False)
    _group: ServerGroup | None = field(default=None, init=False)
    _task: Task[bytes] | None = field(default=None, init=False)
    _waiting: list[tuple[bool, Deferred[None]]] = field(factory=list, init=False)
    _telling: threading.Lock = field(factory=threading.Lock, init=False)

    # ---------------------------------------------------------------- in the thread of a caller

    def has_passed(self, *, over: bool) -> bool:
        """Return whether it is over, or at least accepted; its news then tell so."""
        return self.is_over or (self.is_accepted and not over)

    def tell(self, request: GearmanJobRequest, client: GearmanConnectionManager) -> None:
        """Tell ``request`` what became known since the last call."""
        with self._telling:
            while self.news:
                self.news.popleft().tell(request, client)

    # -------------------------------------------------------------- in the thread of the reactor

    def when(self, *, over: bool) -> Deferred[None]:
        """Return a Deferred that fires when it is accepted, or when it is over; never fails."""
        if self.has_passed(over=over):
            return succeed(None)
        waiting: Deferred[None] = Deferred(self._forget)
        self._waiting.append((over, waiting))
        return waiting

    def send(self, group: ServerGroup) -> None:
        """Give it to the servers of ``group``."""
        try:
            self._task = task = group.client.submit(
                self.function,
                self.data,
                unique=self.unique,
                priority=self.priority,
                background=self.is_background,
                on_data=self._part_came,
                on_warning=self._warning_came,
                on_status=self._status_came,
            )
        except Exception as error:  # noqa: BLE001  # told to whoever waits
            self.not_sent(error)
            return
        self._group = group
        group.begin()
        task.accepted.addCallbacks(self._accepted, lambda _: None)
        task.result.addCallbacks(self._completed, self._failed)

    def not_sent(self, error: Exception) -> None:
        """Note that no job server could be reached, or that Gearman cannot say it."""
        self.is_unsent = True
        self.trouble = error
        self.news.append(Lost())
        self._end()

    def _accepted(self, handle: bytes) -> None:
        assert self._group is not None, "it was sent"
        assert self._task is not None, "it was sent"
        self.news.append(Created(handle, self._group.connection(self._task.server)))
        self.is_accepted = True
        self._fire()

    def _part_came(self, data: bytes) -> None:
        self.news.append(PartCame(data))

    def _warning_came(self, data: bytes) -> None:
        self.news.append(WarningCame(data))

    def _status_came(self, numerator: int, denominator: int) -> None:
        status = JobStatus(known=True, running=True, numerator=numerator, denominator=denominator)
        self.news.append(StatusCame(status))

    def _completed(self, result: bytes) -> None:
        if not self.is_background:
            self.news.append(Completed(result))
        self._end()

    def _failed(self, reason: Failure) -> None:
        error = reason.value
        if isinstance(error, JobException):
            self.news.append(Failed(error.data))
        elif isinstance(error, JobFailed):
            self.news.append(Failed())
        elif isinstance(error, Refused):
            self.news.append(WasRefused(error.code, error.text))
        else:
            assert isinstance(error, Exception), "nothing else fails a task"
            self.trouble = error
            self.news.append(Lost())
        self._end()

    def _end(self) -> None:
        self.is_over = True
        self._task = None
        group, self._group = self._group, None
        if group is not None:
            group.end()
        self._fire()

    def _fire(self) -> None:
        due = [one for one in self._waiting if self.is_over or not one[0]]
        self._waiting = [one for one in self._waiting if one not in due]
        for _, waiting in due:
            waiting.callback(None)

    def _forget(self, waiting: Deferred[None]) -> None:
        self._waiting = [one for one in self._waiting if one[1] is not waiting]
