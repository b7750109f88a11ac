"""The behaviour suite that every store must pass.

A test opens several stores, one after another, on the same data, as successive job servers do.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from gearman_tx.core import HIGH, LOW, Batch, Committed, JobRecord
from gearman_tx.store import Contents, Store, Tended
from tests.store.records import changes, limits, record, records

SUITE_SECONDS = 30.0


class StoreSuite:
    """Tests for one kind of store; a subclass is also a :class:`TestCase`."""

    timeout = SUITE_SECONDS
    folder: Path

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path

    def make(self) -> Store:
        """Return a store on the data of this test, not open."""
        raise NotImplementedError

    async def opened(self) -> tuple[Store, Contents]:
        """Return an open store and its contents."""
        store = self.make()
        contents = await store.open()
        return store, contents

    async def held(self, store: Store) -> list[JobRecord]:
        """Return all jobs of an open store, in the order of its replay."""
        found: list[JobRecord] = []

        def take(some: Sequence[JobRecord]) -> None:
            assert some, "an empty piece is not given"
            found.extend(some)

        count = await store.replay(take)
        assert count == len(found)
        return found

    async def reopened(self, store: Store) -> tuple[Store, Contents, list[JobRecord]]:
        """Close ``store``, open the next one; return it, its contents and its jobs."""
        await store.close()
        store, contents = await self.opened()
        jobs = await self.held(store)
        assert contents.jobs == len(jobs)
        return store, contents, jobs

    async def test_a_new_store_is_empty(self) -> None:
        """A new store is empty, and its ids begin at 1."""
        store, contents = await self.opened()
        assert (contents.ids.start, contents.jobs, dict(contents.settings)) == (1, 0, {})
        assert list(contents.notices) == []
        assert await self.held(store) == []
        await store.close()

    async def test_jobs_come_back(self) -> None:
        """A job comes back with every field as it was."""
        store, _ = await self.opened()
        job = record(
            7, b"data", priority=LOW, reducer=b"sum", due=1.9e9, losses=3, submitted=1.7e9 + 0.25
        )
        await store.commit(Batch([job]))
        store, contents, jobs = await self.reopened(store)
        assert jobs == [job]
        assert contents.ids.start >= 8
        await store.close()

    async def test_any_bytes_come_back(self) -> None:
        """Empty, binary and large values come back, and no reducer differs from an empty one."""
        store, _ = await self.opened()
        everything = bytes(range(256))
        jobs = [
            record(1, b"", unique=b"", function=b"", reducer=None),
            record(2, everything * 3, unique=everything[:64], function=everything, reducer=b""),
            record(3, b"\xff\xfe" * 300_000, priority=HIGH, reducer=everything),
            record(4, b"text", unique=b"-", due=float(2**62)),
        ]
        await store.commit(Batch(jobs))
        store, _, found = await self.reopened(store)
        assert found == jobs
        await store.close()

    async def test_order_is_that_of_the_ids(self) -> None:
        """Jobs come back in the order of their ids, not of their batches or priorities."""
        store, _ = await self.opened()
        await store.commit(Batch([record(20, priority=LOW), record(30)]))
        await store.commit(Batch([record(10, priority=HIGH)]))
        await store.commit(Batch(records(range(40, 2000))))
        store, _, found = await self.reopened(store)
        assert [job.id for job in found] == [10, 20, 30, *range(40, 2000)]
        await store.close()

    async def test_finished_jobs_are_gone(self) -> None:
        """A finished job does not come back, whether an earlier batch added it or the same one."""
        store, _ = await self.opened()
        await store.commit(Batch(records(range(1, 601))))
        await store.commit(Batch(records(range(601, 604)), finished=[602, *range(1, 599)]))
        store, _, found = await self.reopened(store)
        assert [job.id for job in found] == [599, 600, 601, 603]
        await store.close()

    async def test_finishing_what_is_not_there(self) -> None:
        """Finishing an unknown job, or a job twice, has no effect."""
        store, _ = await self.opened()
        await store.commit(Batch(records(range(1, 4)), finished=[99]))
        await store.commit(Batch(changed=changes({2: 5}), finished=[2]))
        await store.commit(Batch(finished=[2, 2]))
        store, _, found = await self.reopened(store)
        assert [job.id for job in found] == [1, 3]
        await store.close()

    async def test_retries_are_kept(self) -> None:
        """The last number of losses comes back; a change of an unknown job has no effect."""
        store, _ = await self.opened()
        await store.commit(Batch([record(1), record(2, losses=1)]))
        await store.commit(Batch(changed=changes({1: 1, 99: 9})))
        await store.commit(Batch(changed=changes({1: 2})))
        store, _, found = await self.reopened(store)
        assert [job.losses for job in found] == [2, 1]
        await store.close()

    async def test_a_job_may_be_stored_again(self) -> None:
        """A job replaces the stored job with the same id."""
        store, _ = await self.opened()
        await store.commit(Batch(records(range(1, 3))))
        await store.commit(Batch([record(1, b"new"), record(3)]))
        assert store.state.jobs == 3
        store, _, found = await self.reopened(store)
        assert found == [record(1, b"new"), record(2), record(3)]
        await store.close()

    async def test_max_queue_is_kept(self) -> None:
        """The last limits of each function come back; deleted ones do not."""
        store, _ = await self.opened()
        await store.commit(
            Batch(settings=limits({b"a": (1, 2, 3), b"b\0": (0, 0, 7), b"": (9, 9, 9)}))
        )
        await store.commit(Batch(settings=limits({b"a": (4, 5, 6), b"b\0": None, b"never": None})))
        store, contents, _ = await self.reopened(store)
        assert contents.settings == limits({b"a": (4, 5, 6), b"": (9, 9, 9)})
        await store.close()

    async def test_ids_never_repeat(self) -> None:
        """A store begins after all ids that it reserved, even if it is empty again."""
        store, contents = await self.opened()
        first = contents.ids
        await store.commit(Batch(records(range(1, 11))))
        await store.commit(Batch(finished=list(range(1, 11))))
        second = await store.reserve()
        assert second.start >= first.stop
        store, contents, found = await self.reopened(store)
        assert found == []
        assert contents.ids.start >= second.stop
        again = contents.ids
        store, contents, _ = await self.reopened(store)
        assert contents.ids.start >= again.stop
        await store.close()

    async def test_no_gap_after_a_good_end(self) -> None:
        """A store that gets the unused ids when it is closed begins with them."""
        store, contents = await self.opened()
        await store.commit(Batch(records(range(1, 11))))
        await store.close(range(12, contents.ids.stop))
        store, contents = await self.opened()
        assert contents.ids.start == 12
        await store.close(range(3, 5))
        store, contents = await self.opened()
        assert contents.ids.start > 12, "those were not of the newest block"
        await store.close()

    async def test_no_id_of_a_stored_job_is_given(self) -> None:
        """An id of a stored job is not given again, even if the server says that it is unused."""
        store, contents = await self.opened()
        await store.commit(Batch([record(20)]))
        await store.close(range(3, contents.ids.stop))
        store, contents = await self.opened()
        assert contents.ids.start >= 21
        await store.close()

    async def test_several_lives(self) -> None:
        """Three servers in turn add jobs and finish those of the ones before."""
        store, contents = await self.opened()
        expected: list[JobRecord] = []
        for _ in range(4):
            first = contents.ids.start
            added = records(range(first, first + 5))
            await store.commit(Batch(added, finished=[job.id for job in expected[:2]]))
            expected = expected[2:] + added
            store, contents, found = await self.reopened(store)
            assert found == expected
        await store.close()

    async def test_state(self) -> None:
        """The state counts batches, added jobs and stored jobs."""
        store, _ = await self.opened()
        await store.commit(Batch(records(range(1, 4))))
        await store.commit(Batch([record(4)], finished=[1, 2, 77]))
        state = store.state
        assert (state.commits - state.errors, state.errors, state.last_error) == (2, 0, "")
        assert (state.jobs, state.jobs_added) == (2, 4)
        store, _, _ = await self.reopened(store)
        assert store.state.jobs == 2
        await store.close()

    async def test_an_empty_batch(self) -> None:
        """An empty batch counts as a batch."""
        store, _ = await self.opened()
        assert await store.commit(Batch()) == Committed()
        await store.close()

    async def test_tending_changes_nothing(self) -> None:
        """Housekeeping does not change the contents of a store."""
        store, _ = await self.opened()
        await store.commit(Batch(records(range(1, 4)), finished=[2]))
        assert await store.tend() == Tended()
        assert [job.id for job in await self.held(store)] == [1, 3]
        await store.close()

    async def test_closing_twice(self) -> None:
        """Closing twice has no effect."""
        store, _ = await self.opened()
        await store.close()
        await store.close()
        store, _ = await self.opened()
        await store.close()
