"""What a store offers the job server, by capability; every store must pass one test suite.

The queue that the server works with is in memory. A store makes it durable: it commits batches, one
at a time, and gives the jobs back at the next start. That is :class:`Store`, which every store
offers. :class:`History` reads and revives jobs that the server no longer has in memory, and
:class:`SharedQueue` divides the jobs of one store among several servers. Each is a protocol of its
own, so that a store need not offer all three.
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
    """A request to the store failed; the text says why and what helps."""


class InUseError(StoreError):
    """Another job server uses the store."""


class StoreLostError(StoreError):
    """The stored data is gone or damaged; the store is empty and needs all jobs again."""


@frozen
class Contents:
    """The contents of a store except its jobs, known when it is open.

    Attributes:
        ids: the first block of ids for new jobs. The store never gave one of them before.
        jobs: the number of jobs to replay.
        settings: the settings of functions by name.
        notices: messages for the operator about the opening of the store.
    """

    ids: range
    jobs: int
    settings: Mapping[bytes, FunctionSettings] = field(factory=dict)
    notices: Sequence[str] = ()


class Tended(NamedTuple):
    """The result of :meth:`Store.tend`.

    Attributes:
        has_more: whether there is more to do, so that ``tend`` should be called again soon.
        warning: a warning for the operator; empty if there is none.
    """

    has_more: bool = False
    warning: str = ""


@define
class StoreState:
    """The state of a store, for reports.

    Attributes:
        kind: ``builtin`` or ``sqlite``.
        location: where the data is, in the store's own form; may be empty.
        jobs: the number of stored jobs.
        size: the bytes of the data when they were last measured.
        unmerged: how many of them are recent changes that are not in their final place yet.
        commits: the number of batches committed since the store was opened.
        jobs_added: the number of jobs that these batches added.
        errors: the number of calls that failed.
        last_error: the reason of the last failure; empty since a batch was committed after it.
        last_commit: when the last batch became durable, in Unix seconds; 0 if none did.
        last_seconds: how long that commit took.
        notices: messages for the operator about the store, the oldest first.
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
    """A durable queue. Only one of its calls may be under way at a time.

    Attributes:
        durable: whether the data outlives the process; if not, submissions do not wait for it.
        state: the state, for reports.
    """

    durable: bool
    state: StoreState

    def open(self) -> Deferred[Contents]:
        """Open the store for this server alone.

        Returns:
            Fires with the contents; fails with :class:`StoreError` if the store cannot be used, for
            example because another server uses it. Cancelling is not supported.
        """

    def replay(self, take: Callable[[Sequence[JobRecord]], None]) -> Deferred[int]:
        """Pass all stored jobs to ``take``, a few at a time, in the order of their ids.

        Returns:
            Fires with the number of jobs; fails with :class:`StoreError`.
        """

    def commit(self, batch: Batch) -> Deferred[Committed]:
        """Make ``batch`` durable in one transaction; an empty batch tests whether that works.

        Returns:
            Fires when it is durable; fails with :class:`StoreError` if nothing of it was stored.
            The next commit may succeed.
        """

    def reserve(self) -> Deferred[range]:
        """Reserve another block of ids for this server.

        Returns:
            Fires with ids that no server ever got, above those of the block before; fails with
            :class:`StoreError`. The next call may succeed.
        """

    def tend(self) -> Deferred[Tended]:
        """Do the housekeeping of the store; called now and then when there is nothing to commit.

        Returns:
            Fires with the result; fails with :class:`StoreLostError` if the stored data is gone,
            and with :class:`StoreError` if the store cannot be examined.
        """

    def close(self, unused: range = range(0)) -> Deferred[None]:
        """Finish the call under way and close; closing twice has no effect.

        Args:
            unused: ids of the last block that this server has not given and will not give to a
                job; the next server gets them. Without them the next server leaves a gap.

        Returns:
            Fires when another server may open the store; fails with :class:`StoreError` if it
            could not be closed properly. Committed batches are durable in any case.
        """


class History(Protocol):
    """A store that reads and changes jobs which the server does not have in memory."""

    def find(self, handle: bytes) -> Deferred[JobRecord | None]:
        """Return the stored job with the handle ``handle``.

        Returns:
            Fires with the job, or with None; fails with :class:`StoreError`.
        """

    def page(self, after: int, most: int) -> Deferred[Sequence[JobRecord]]:
        """Return up to ``most`` stored jobs with ids above ``after``, in the order of their ids.

        Returns:
            Fires with the jobs, none after the last one; fails with :class:`StoreError`.
        """

    def revive(self, ids: Sequence[int]) -> Deferred[Sequence[JobRecord]]:
        """Make given-up jobs live again.

        Returns:
            Fires with those that were found, for the server to restore; fails with
            :class:`StoreError`.
        """

    def purge(self, ids: Sequence[int]) -> Deferred[int]:
        """Delete given-up jobs.

        Returns:
            Fires with the number of deleted jobs; fails with :class:`StoreError`.
        """


class SharedQueue(Protocol):
    """A store that several servers share: each owns some of its jobs, for as long as it lives."""

    def claim(self, most: int) -> Deferred[Sequence[JobRecord]]:
        """Take over up to ``most`` jobs whose server is dead.

        Returns:
            Fires with the jobs, in any order, for the server to restore; fails with
            :class:`StoreError`.
        """

    def renew(self) -> Deferred[float]:
        """Renew the claim of this server to its jobs.

        Returns:
            Fires with the seconds, from the moment of the call, for which the server may hand out
            its jobs; fails with :class:`StoreError`.
        """

    def release(self) -> Deferred[None]:
        """Give up all jobs of this server, so that other servers can claim them.

        Returns:
            Fires when others can claim them; fails with :class:`StoreError`.
        """
