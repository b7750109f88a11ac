"""What the job server asks of a store; every store keeps to the same behaviour suite.

The hot path stays in the server's memory. A store makes it durable: it takes batches, one at a
time, and gives the jobs back at the next start.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from attrs import define, field, frozen

from gearman_tx.errors import GearmanError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from twisted.internet.defer import Deferred

    from gearman_tx.core import Batch, Committed, JobRecord


class StoreError(GearmanError):
    """The store could not do what it was asked; the text says why and what helps."""


class InUseError(StoreError):
    """Another job server uses what is to be opened."""


class StoreLostError(StoreError):
    """What was stored is gone or damaged; the store began anew and wants everything again."""


@frozen
class Contents:
    """What a store holds besides its jobs, known when it is open.

    Attributes:
        next_id: the first id that was never given, by any server that used this store.
        jobs: how many jobs are to be replayed.
        max_queue: the limits (high, normal, low) by function name.
        notices: what happened while opening that an operator should read.
    """

    next_id: int
    jobs: int
    max_queue: Mapping[bytes, tuple[int, int, int]] = field(factory=dict)
    notices: Sequence[str] = ()


@define
class StoreState:
    """How a store is doing, for reports.

    Attributes:
        kind: ``builtin`` or ``sqlite``.
        path: the file, or an empty text.
        jobs: how many jobs are stored now.
        size: bytes on disk, as they were last looked at.
        log: how many of them are a log that is to be brought into the file.
        commits: how many batches were made durable since the store was opened.
        jobs_added: how many jobs they added.
        errors: how many batches could not be made durable.
        last_error: why the newest one could not be; empty while all is well.
        last_commit: when the newest batch became durable, in Unix seconds; 0 if none did.
        last_seconds: how long it took.
        notices: what happened to the store that an operator should read, the oldest first.
    """

    kind: str
    path: str = ""
    jobs: int = 0
    size: int = 0
    log: int = 0
    commits: int = 0
    jobs_added: int = 0
    errors: int = 0
    last_error: str = ""
    last_commit: float = 0.0
    last_seconds: float = 0.0
    notices: list[str] = field(factory=list)


class Store(Protocol):
    """A durable queue. Of everything below only one call may be under way at a time.

    Attributes:
        durable: whether it outlives the process; if not, nobody waits for it.
        state: how it is doing.
    """

    durable: bool
    state: StoreState

    def open(self) -> Deferred[Contents]:
        """Open the store for this server alone.

        Returns:
            Fires with what it holds; fails with :class:`StoreError` when it cannot be used, e.g.
            because another server does. Cancelling is not supported.
        """

    def replay(self, take: Callable[[Sequence[JobRecord]], None]) -> Deferred[int]:
        """Give all stored jobs to ``take``, a few at a time, in the order of their ids.

        Returns:
            Fires with how many there were; fails with :class:`StoreError`.
        """

    def commit(self, batch: Batch) -> Deferred[Committed]:
        """Make ``batch`` durable, in one transaction; an empty one asks whether it could be.

        Returns:
            Fires when it is durable; fails with :class:`StoreError` when it is not and nothing of
            it is. The next commit may succeed again.
        """

    def tend(self) -> Deferred[bool]:
        """Look after the store while there is nothing to commit; to be called now and then.

        Returns:
            Fires with whether there is more to do, so that it should be called again soon. Fails
            with :class:`StoreLostError` when what was stored is gone, and with
            :class:`StoreError` when that could not be found out.
        """

    def close(self, next_id: int = 0) -> Deferred[None]:
        """Finish what is under way and close; closing twice does no harm.

        Args:
            next_id: the id that the next job would get, from a caller that gives no more ids; the
                next server begins there. Without it the next server leaves a gap.

        Returns:
            Fires when the store may be opened elsewhere; fails with :class:`StoreError` if it
            could not be closed in good order. What was committed is durable in any case.
        """
