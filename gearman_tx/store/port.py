"""What the job server asks of a store, by capability; one behaviour suite holds every store to it.

The hot path stays in the server's memory. A store makes it durable: it takes batches, one at a
time, and gives the jobs back at the next start. That is :class:`Store`, which every store offers.
:class:`History` reads and revives jobs that the server no longer has in memory, and
:class:`SharedQueue` divides the jobs of one store among several servers. Each is a protocol of its
own, so that a store offers what it can do, and the server asks for no more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from attrs import define, field, frozen

from gearman_tx.errors import GearmanError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from twisted.internet.defer import Deferred

    from gearman_tx.core import Batch, Committed, FunctionSettings, JobRecord


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
        ids: the first block of ids for new jobs. The store never gave one of them before.
        jobs: how many jobs are to be replayed.
        settings: the settings of functions by name.
        notices: what happened while opening that an operator should read.
    """

    ids: range
    jobs: int
    settings: Mapping[bytes, FunctionSettings] = field(factory=dict)
    notices: Sequence[str] = ()


class Tended(NamedTuple):
    """What came of looking after a store.

    Attributes:
        has_more: whether there is more to do, so that the store should be looked after again soon.
        warning: what an operator should know now; empty if there is nothing.
    """

    has_more: bool = False
    warning: str = ""


@define
class StoreState:
    """How a store is doing, for reports.

    Attributes:
        kind: ``builtin`` or ``sqlite``.
        location: where it is, in the store's own words; may be empty.
        jobs: how many jobs are stored now.
        size: bytes that it takes, as they were last looked at.
        unmerged: how many of them are newest changes that are not in their final place yet.
        commits: how many batches were made durable since the store was opened.
        jobs_added: how many jobs they added.
        errors: how many batches could not be made durable.
        last_error: why the newest one could not be; empty while all is well.
        last_commit: when the newest batch became durable, in Unix seconds; 0 if none did.
        last_seconds: how long it took.
        notices: what happened to the store that an operator should read, the oldest first.
    """

    kind: str
    location: str = ""
    jobs: int = 0
    size: int = 0
    unmerged: int = 0
    commits: int = 0
    jobs_added: int = 0
    errors: int = 0
    last_error: str = ""
    last_commit: float = 0.0
    last_seconds: float = 0.0
    notices: list[str] = field(factory=list)


class Store(Protocol):
    """A durable queue. Of all its calls only one may be under way at a time.

    Attributes:
        durable: whether it outlives the process; if not, submissions do not wait for it.
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

    def reserve(self) -> Deferred[range]:
        """Set another block of ids aside for this server.

        Returns:
            Fires with ids that no server was ever given, above those of the block before; fails
            with :class:`StoreError`, and another call may succeed.
        """

    def tend(self) -> Deferred[Tended]:
        """Look after the store while there is nothing to commit; to be called now and then.

        Returns:
            Fires with what came of it. Fails with :class:`StoreLostError` when what was stored is
            gone, and with :class:`StoreError` when that could not be found out.
        """

    def close(self, unused: range = range(0)) -> Deferred[None]:
        """Finish what is under way and close; closing twice does no harm.

        Args:
            unused: ids of the newest block that this server gave to no job and never will; the
                next server gets them. Without them the next server leaves a gap.

        Returns:
            Fires when the store may be opened elsewhere; fails with :class:`StoreError` if it
            could not be closed in good order. What was committed is durable in any case.
        """


class History(Protocol):
    """A store that answers for jobs which the server does not have in memory."""

    def find(self, handle: bytes) -> Deferred[JobRecord | None]:
        """Return the stored job called ``handle``.

        Returns:
            Fires with the job, or with None; fails with :class:`StoreError`.
        """

    def page(self, after: int, most: int) -> Deferred[Sequence[JobRecord]]:
        """Return up to ``most`` stored jobs with ids above ``after``, in the order of their ids.

        Returns:
            Fires with the jobs, with none behind the last; fails with :class:`StoreError`.
        """

    def revive(self, ids: Sequence[int]) -> Deferred[Sequence[JobRecord]]:
        """Make given-up jobs live again.

        Returns:
            Fires with those that were there, to be restored; fails with :class:`StoreError`.
        """

    def purge(self, ids: Sequence[int]) -> Deferred[int]:
        """Delete given-up jobs.

        Returns:
            Fires with how many were there; fails with :class:`StoreError`.
        """


class SharedQueue(Protocol):
    """A store that several servers share: each owns some of its jobs, for as long as it lives."""

    def claim(self, most: int) -> Deferred[Sequence[JobRecord]]:
        """Take over up to ``most`` jobs whose server is dead.

        Returns:
            Fires with the jobs, to be restored in any order of their ids; fails with
            :class:`StoreError`.
        """

    def renew(self) -> Deferred[float]:
        """Tell the other servers that this one lives.

        Returns:
            Fires with the seconds for which it may hand out its jobs from the moment of the call;
            fails with :class:`StoreError`.
        """

    def release(self) -> Deferred[None]:
        """Give all own jobs up at once, for other servers to claim.

        Returns:
            Fires when they may be claimed; fails with :class:`StoreError`.
        """
