"""The store on SQLite passes the suite of all stores, in a thread of its own."""

from __future__ import annotations

from functools import partial
from threading import Event
from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.trial.unittest import TestCase

from gearman_tx.core import Batch
from gearman_tx.store import SQLiteStore, Store, StoreError, StoreLostError, check_queue_file
from gearman_tx.store.sqlite.ids import ID_BLOCK
from gearman_tx.store.sqlite.queue_file import QueueFile
from gearman_tx.store.sqlite.schema import PAGE_SIZE
from gearman_tx.store.sqlite.store import LARGE_LOG
from tests.store.files import damage, locked_by_another_process, zeros
from tests.store.records import record, records
from tests.store.suite import StoreSuite


def _set_log_size(file: QueueFile, size: int) -> bool:
    file.log_size = size
    return False


class SQLiteStoreTests(StoreSuite, TestCase):
    """The suite with :class:`SQLiteStore`, and tests for it alone."""

    synchronous = "FULL"

    def setUp(self) -> None:
        """Use the real reactor: the results come from a thread."""
        from twisted.internet import reactor  # no reactor at the top of a module

        self.reactor: Any = reactor

    def make(self) -> Store:
        """Return a store on the file of this test."""
        return self.make_sqlite()

    def make_sqlite(self, **options: Any) -> SQLiteStore:
        """Return a store on the file of this test."""
        return SQLiteStore(self.reactor, self.folder / "queue.sqlite3", self.synchronous, **options)

    async def test_ids_never_repeat_after_a_crash(self) -> None:
        """A server that is killed leaves a gap, and no id is given twice."""
        store, contents = await self.opened()
        ids = contents.ids
        for step in range(1, 4):
            crashed = self.folder / f"crash-{step}.sqlite3"
            assert len(ids) == ID_BLOCK
            await store.commit(Batch([record(ids.start)]))
            # Copies of the files as a crash would leave them.
            for suffix in ("", "-wal"):
                name = self.folder / f"queue.sqlite3{suffix}"
                self.folder.joinpath(f"{crashed.name}{suffix}").write_bytes(name.read_bytes())
            other = SQLiteStore(self.reactor, crashed)
            found = await other.open()
            assert found.ids.start >= ids.stop
            await other.close()
            ids = await store.reserve()
        await store.close()

    async def test_a_large_log(self) -> None:
        """It causes a warning, then one for each doubling, and again after it was small."""
        store = self.make_sqlite()
        await store.open()
        warnings = []
        for size in (LARGE_LOG, LARGE_LOG + 1, LARGE_LOG + 2, 2 * LARGE_LOG + 4, 0, LARGE_LOG + 1):
            file = store._file  # noqa: SLF001  # a log of 256 MB takes long to write
            file.tend = partial(_set_log_size, file, size)  # type: ignore[method-assign]
            warnings.append((await store.tend()).warning)
            assert store.state.unmerged == size
        text = "the log of the queue file has {} MB: another process reads the file, and the log"
        starts = ["", text.format(268), "", text.format(536), "", text.format(268)]
        for warning, start in zip(warnings, starts, strict=True):
            assert warning.startswith(start)
            assert bool(warning) == bool(start)
        await store.close()

    async def test_a_second_server_is_refused(self) -> None:
        """A second store on the same file is refused at once; the first one goes on."""
        store, _ = await self.opened()
        second = self.make()
        with pytest.raises(StoreError, match="another job server uses the queue file"):
            await second.open()
        await second.close()
        link = self.folder / "other-name.sqlite3"
        link.symlink_to(self.folder / "queue.sqlite3")
        with pytest.raises(StoreError, match="another job server uses the queue file"):
            await SQLiteStore(self.reactor, link).open()
        await store.commit(Batch([record(1)]))
        store, _, found = await self.reopened(store)
        assert found == [record(1)]
        await store.close()

    async def test_closing_behind_a_commit(self) -> None:
        """Closing waits for the batch under way, and the batch is stored."""
        store, _ = await self.opened()
        commit = store.commit(Batch(records(range(1, 5001))))
        closed = store.close()
        await closed
        assert commit.called
        await commit
        store, contents = await self.opened()
        assert contents.jobs == 5000
        await store.close()

    async def test_a_closed_store_refuses(self) -> None:
        """A batch for a closed store fails."""
        store, _ = await self.opened()
        await store.close()
        with pytest.raises(StoreError, match="the store is closed"):
            await store.commit(Batch())

    async def test_closing_while_reading(self) -> None:
        """Closing a store during a replay ends the replay with an error."""
        store, _ = await self.opened()
        await store.commit(Batch(records(range(1, 5001))))
        closings: list[Deferred[None]] = []
        with pytest.raises(StoreError, match="the store is closed"):
            await store.replay(lambda _: closings.append(store.close()))
        assert len(closings) == 1
        await closings[0]

    async def test_the_state_tells_time_and_size(self) -> None:
        """The state has the time and duration of the last commit, and the bytes on disk."""
        store, _ = await self.opened()
        before = self.reactor.seconds()
        await store.commit(Batch([record(1)]))
        state = store.state
        assert before <= state.last_commit <= self.reactor.seconds()
        assert 0 < state.last_seconds < 10
        assert state.kind == "sqlite"
        assert state.location == str(self.folder / "queue.sqlite3")
        await store.tend()
        on_disk = sum(path.stat().st_size for path in self.folder.glob("queue.sqlite3*"))
        shared_memory = self.folder.joinpath("queue.sqlite3-shm").stat().st_size
        assert state.size == on_disk - shared_memory
        await store.close()

    async def test_a_store_that_cannot_write(self) -> None:
        """The state has the error of a failed batch until a batch succeeds."""
        store = self.make_sqlite(busy_seconds=0.05)
        await store.open()
        with locked_by_another_process(self.folder / "queue.sqlite3"):
            for errors in range(1, 4):
                with pytest.raises(StoreError, match="another process holds its lock"):
                    await store.commit(Batch([record(1)]))
                assert store.state.errors == errors
                assert "another process holds its lock" in store.state.last_error
        await store.commit(Batch([record(1)]))
        assert (store.state.commits, store.state.last_error) == (1, "")
        await store.close()

    async def test_a_store_that_is_lost(self) -> None:
        """A missing file causes an error and a notice, in a commit and in ``tend``."""
        store = self.make_sqlite()
        await store.open()
        for _ in range(2):
            (self.folder / "queue.sqlite3").unlink()
            with pytest.raises(StoreLostError, match="is gone"):
                await store.tend()
            await store.commit(Batch([record(1)]))
        assert store.state.errors == 2
        assert [("is gone" in notice) for notice in store.state.notices] == [True, True]
        await store.close()

    async def test_damage_found_while_reading(self) -> None:
        """A replay goes on in the file that replaces a damaged one, with a notice."""
        store, _ = await self.opened()
        await store.commit(Batch(records(range(1, 3001), b"x" * 2000)))
        await store.close()
        store, _ = await self.opened()
        path = self.folder / "queue.sqlite3"
        pages = path.stat().st_size // PAGE_SIZE
        for number in range(pages // 2, pages // 2 + 40):
            damage(path, number, zeros)
        found = await self.held(store)
        assert 2800 < len(found) < 3000
        assert len({job.id for job in found}) == len(found)
        (notice,) = store.state.notices
        assert "is damaged" in notice
        await store.close()

    async def test_only_the_newest_notices_are_kept(self) -> None:
        """The number of notices is limited."""
        store = self.make_sqlite()
        await store.open()
        for _ in range(30):
            (self.folder / "queue.sqlite3").unlink()
            with pytest.raises(StoreLostError):
                await store.commit(Batch([record(1)]))
            await store.commit(Batch([record(1)]))
        assert len(store.state.notices) == 20
        await store.close()

    async def test_a_disk_that_does_not_answer(self) -> None:
        """Closing ends after a time limit with an error while the thread is still busy."""
        store = self.make_sqlite()
        await store.open()
        answers = Event()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(QueueFile, "write", lambda _file, _batch: answers.wait(20))
            patch.setattr("gearman_tx.store.sqlite.store.CLOSE_SECONDS", 0.05)
            commit = store.commit(Batch())
            with pytest.raises(StoreError, match=r"did not answer for 0\.05 seconds"):
                await store.close()
        answers.set()
        await commit

    async def test_checking_changes_nothing(self) -> None:
        """The check whether a file can be used creates and changes no file."""
        path = self.folder / "queue.sqlite3"
        check_queue_file(path, self.synchronous, b"H:t")
        assert list(self.folder.iterdir()) == []
        store, contents = await self.opened()
        with pytest.raises(StoreError, match="another job server uses the queue file"):
            check_queue_file(path, self.synchronous, b"H:t")
        await store.commit(Batch([record(1)]))
        await store.close(range(2, contents.ids.stop))
        before = path.read_bytes()
        check_queue_file(path, self.synchronous, b"H:t")
        with (
            locked_by_another_process(path),
            pytest.raises(StoreError, match="another process holds its lock"),
        ):
            check_queue_file(path, self.synchronous, b"H:t", busy_seconds=0.1)
        assert path.read_bytes() == before
        path.write_bytes(b"x" * 5000)
        check_queue_file(path, self.synchronous, b"H:t")
        (self.folder / "queue.sqlite3.lock").unlink()
        with pytest.raises(StoreError, match="is not a queue file"):
            check_queue_file(path, self.synchronous, b"H:t")


class NormalSQLiteStoreTests(SQLiteStoreTests):
    """The same tests with ``synchronous`` set to NORMAL."""

    synchronous = "NORMAL"
