"""A server starts on a damaged queue file with all readable jobs; the file is set aside."""

from __future__ import annotations

import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from gearman_tx.core import Batch, JobRecord
from gearman_tx.store import Contents, StoreError, StoreLostError
from gearman_tx.store.sqlite.queue_file import QueueFile
from gearman_tx.store.sqlite.schema import PAGE_SIZE, ROOT_OF_JOBS
from tests.store.files import Damage, damage, ids, queue_file, read_all, small_disk, stored, zeros
from tests.store.records import changes, limits, record, records

LIMITS = {b"resize": (1, 2, 3), b"crop": (0, 0, 9)}
ROWS_A_PAGE = 60
"""More small jobs than fit into a page."""


def noise(page: bytes) -> bytes:
    """Return random bytes."""
    return random.Random(len(page)).randbytes(len(page))


def first_half(page: bytes) -> bytes:
    """Return a page whose first half is random."""
    return noise(page)[: len(page) // 2] + page[len(page) // 2 :]


def second_half(page: bytes) -> bytes:
    """Return a page whose second half was never written."""
    return page[: len(page) // 2] + bytes(len(page) // 2)


DAMAGES = [zeros, noise, first_half, second_half]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return the path of the queue file."""
    return tmp_path / "queue.sqlite3"


def make(path: Path, jobs: list[JobRecord]) -> None:
    """Create a queue file with ``jobs``, limits and a few free pages."""
    file = queue_file(path)
    file.open()
    gone = records(range(10_000, 10_200))
    file.write(Batch([*jobs, *gone], settings=limits(LIMITS)))
    file.write(Batch(finished=ids(gone)))
    file.close()


def opened(path: Path) -> tuple[Contents, list[JobRecord]]:
    """Open the file at ``path``, write to it, and return its contents."""
    file = queue_file(path)
    contents = file.open()
    found = read_all(file)
    assert contents.jobs == len(found)
    new = record(contents.ids.start)
    file.write(Batch([new]))
    file.write(Batch(finished=[new.id]))
    file.close()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    return contents, found


@pytest.mark.parametrize("how", DAMAGES)
def test_any_page_of_small_jobs(path: Path, how: Damage) -> None:
    """If any page is damaged, the jobs of all others are kept, and no ended job comes back."""
    jobs = records(range(1, 401), b"w" * 40)
    make(path, jobs)
    whole = path.read_bytes()
    for number in range(1, len(whole) // PAGE_SIZE + 1):
        path.write_bytes(whole)
        damage(path, number, how)
        contents, found = opened(path)
        kept = set(ids(found))
        assert len(kept) >= len(jobs) - ROWS_A_PAGE, number
        assert kept <= set(ids(jobs)), number
        assert contents.ids.start > 10_200
        same = sum(job in jobs for job in found)
        assert same >= len(jobs) - ROWS_A_PAGE
        for aside in path.parent.glob("queue.sqlite3.damaged-*"):
            aside.unlink()


@pytest.mark.parametrize("how", DAMAGES)
def test_any_page_of_large_jobs(path: Path, how: Damage) -> None:
    """If jobs fill many pages each, damage to one page loses one job, or a few."""
    jobs = records(range(1, 31), b"\xa5" * 20_000)
    make(path, jobs)
    whole = path.read_bytes()
    for number in range(1, len(whole) // PAGE_SIZE + 1, 7):
        path.write_bytes(whole)
        damage(path, number, how)
        _, found = opened(path)
        assert sum(job in jobs for job in found) >= len(jobs) - 4, number
        for aside in path.parent.glob("queue.sqlite3.damaged-*"):
            aside.unlink()


def test_the_notice(path: Path) -> None:
    """It says what is damaged, how many jobs were kept and where the damaged file is."""
    make(path, records(range(1, 401)))
    whole = path.read_bytes()
    damage(path, ROOT_OF_JOBS, zeros)
    damaged = path.read_bytes()
    contents, found = opened(path)
    aside = path.with_name("queue.sqlite3.damaged-1")
    assert aside.read_bytes() == damaged
    (notice,) = contents.notices
    assert notice.startswith(f"{path} is damaged (")
    kept = f"{len(found)} jobs could be read and are in a new file"
    assert notice.endswith(f": {kept}, the damaged one is now {aside}")
    path.write_bytes(whole)
    damage(path, ROOT_OF_JOBS, noise)
    contents, _ = opened(path)
    assert contents.notices[0].endswith("queue.sqlite3.damaged-2")


def test_limits_and_ids_are_kept(path: Path) -> None:
    """A salvage keeps the limits of functions, and no id is given again."""
    make(path, records(range(1, 401)))
    damage(path, ROOT_OF_JOBS, zeros)
    contents, _ = opened(path)
    assert contents.settings == limits(LIMITS)
    assert contents.ids.start > 10_200


def test_lost_ids(path: Path) -> None:
    """If the end of the reserved ids is lost, the next id is the time in microseconds."""
    make(path, records(range(1, 401)))
    content = path.read_bytes()
    path.write_bytes(content[: 4 * PAGE_SIZE].ljust(len(content), b"\0"))
    with closing(sqlite3.connect(path)) as connection:
        tables = connection.execute("SELECT name, rootpage FROM sqlite_schema").fetchall()
    assert dict(tables)["setting"] > ROOT_OF_JOBS
    damage(path, dict(tables)["setting"], zeros)
    contents, _ = opened(path)
    assert contents.ids.start > 1_600_000_000_000_000


def test_the_root_of_the_jobs(path: Path) -> None:
    """The root of the table is the page where the reader of damaged files expects it."""
    make(path, [])
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'job'")
        assert found.fetchone() == (ROOT_OF_JOBS,)


@pytest.mark.parametrize("size", [0, 1, 99, 100, 511, 4096, 4097, 12_288, 30_000, 40_000])
def test_truncated_file(path: Path, size: int) -> None:
    """A server starts on a file that lost its end, or everything."""
    jobs = records(range(1, 401))
    make(path, jobs)
    with path.open("r+b") as file:
        file.truncate(size)
    contents, found = opened(path)
    assert set(ids(found)) <= set(ids(jobs))
    assert len(found) >= (size // PAGE_SIZE - 6) * 30
    assert contents.ids.start > 10_200
    assert len(contents.notices) == 1


def test_garbage(path: Path) -> None:
    """Random text in the place of a queue file is set aside, and a new file is created."""
    make(path, records(range(1, 5)))
    garbage = b"not a database at all\n" * 1000
    path.write_bytes(garbage)
    contents, found = opened(path)
    assert found == []
    assert "0 jobs could be read" in contents.notices[0]
    assert path.with_name("queue.sqlite3.damaged-1").read_bytes() == garbage


def test_a_file_that_was_no_queue_file(path: Path) -> None:
    """It is refused and not changed."""
    text = b"root:x:0:0:root:/root:/bin/bash\n" * 400
    path.write_bytes(text)
    for _ in range(2):
        with pytest.raises(StoreError, match=r"is not a queue file .*: move it away, or choose"):
            queue_file(path).open()
    assert path.read_bytes() == text
    assert list(path.parent.iterdir()) == [path]


def test_a_damaged_file_without_its_lock(path: Path) -> None:
    """Without a lock file, a damaged queue file is recognised by its mark."""
    make(path, records(range(1, 401)))
    Path(f"{path}.lock").unlink()
    damage(path, ROOT_OF_JOBS, zeros)
    contents, found = opened(path)
    assert found
    assert "is damaged" in contents.notices[0]


def test_damage_found_while_reading(path: Path) -> None:
    """Damage after the check at the start is found while reading, and reading goes on."""
    jobs = records(range(1, 2001), b"x" * 100)
    make(path, jobs)
    file = queue_file(path)
    file.open()
    file.tend()
    first = file.read(-1, 100)
    file.close()
    file.open()
    pages = path.stat().st_size // PAGE_SIZE
    for number in range(pages // 2, pages // 2 + 3):
        damage(path, number, noise)
    damage(path, ROOT_OF_JOBS, zeros)
    with closing(sqlite3.connect(path)) as other, pytest.raises(sqlite3.DatabaseError):
        other.execute("SELECT sum(id) FROM job").fetchone()
    found = read_all(file)
    assert found[:100] == first
    assert len(found) >= len(jobs) - 4 * ROWS_A_PAGE
    file.close()


def test_damage_found_while_writing(path: Path) -> None:
    """Damage that a commit finds loses no job that the server has in memory."""
    jobs = records(range(1, 2001), b"x" * 3000)  # more than SQLite caches
    make(path, jobs)
    file = queue_file(path)
    file.open()
    for number in range(ROOT_OF_JOBS, path.stat().st_size // PAGE_SIZE):
        damage(path, number, noise)
    with pytest.raises(StoreLostError, match="is damaged"):
        file.write(Batch(finished=ids(jobs)))
    file.write(Batch([*jobs, record(20_000)]))
    assert ids(read_all(file)) == [*ids(jobs), 20_000]
    assert file.jobs == 2001
    file.close()


def test_a_crash_while_salvaging(path: Path) -> None:
    """After a crash at any moment the next start has the damaged file or the new one."""
    jobs = records(range(1, 401))
    make(path, jobs)
    built = path.with_name("queue.sqlite3.salvage")
    shutil.copyfile(path, built)
    # The new file was incomplete: the damaged one is where it was.
    built.write_bytes(built.read_bytes()[:5000])
    assert ids(opened(path)[1]) == ids(jobs)
    assert not built.exists()
    # It was complete, and the damaged one was renamed, but not its log.
    path.rename(built)
    Path(f"{path}-wal").write_bytes(b"the log of the damaged file")
    contents, found = opened(path)
    assert ids(found) == ids(jobs)
    assert list(contents.notices) == []
    assert not built.exists()


def test_salvaging_on_a_full_disk(tmp_path: Path) -> None:
    """The damaged file stays where it is until there is room for a new one."""
    with small_disk(tmp_path / "disk", 700) as disk:
        path = disk / "queue.sqlite3"
        make(path, records(range(1, 401), b"y" * 200))
        damage(path, ROOT_OF_JOBS, zeros)
        damaged = path.read_bytes()
        ballast = disk / "ballast"
        ballast.write_bytes(bytes(450_000))
        with pytest.raises(StoreError, match=r"cannot salvage the queue file .* the disk is full"):
            queue_file(path).open()
        assert path.read_bytes() == damaged
        ballast.unlink()
        assert len(opened(path)[1]) == 400


def test_rows_of_other_tables(path: Path) -> None:
    """A row with values of other types is not taken for a job."""
    make(path, records(range(1, 401)))
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("CREATE TABLE other (a, b, c, d, e, f, g, h, i, j)")
        connection.execute("INSERT INTO other VALUES (NULL, 1, 2, 3, 4, 5, 6, 7, 8, 9)")
        connection.execute("INSERT INTO other VALUES (NULL, x'', x'', x'', 7, x'', '', 0, 0, 0)")
    damage(path, ROOT_OF_JOBS, zeros)
    assert len(opened(path)[1]) == 400


@pytest.mark.parametrize("count", [3, 20_000])
def test_what_was_imported_is_remembered(path: Path, count: int) -> None:
    """No job is imported again after a salvage, also if the table has inner pages."""
    make(path, records(range(1, 401)))
    dice = random.Random(count)
    rows = sorted((dice.randbytes(8), dice.randbytes(16), 1.7e9 + n / 2) for n in range(count))
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        connection.executemany("INSERT INTO imported VALUES (?, ?, ?)", rows)
        connection.execute("COMMIT")
    damage(path, ROOT_OF_JOBS, zeros)
    assert len(opened(path)[1]) == 400
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute("SELECT source, digest, taken FROM imported ORDER BY source")
        assert found.fetchall() == rows


def test_a_server_after_a_salvage(path: Path) -> None:
    """A server that found damage at its start goes on like any other."""
    make(path, records(range(1, 401)))
    damage(path, 1, zeros)
    file: QueueFile = queue_file(path)
    contents = file.open()
    new = contents.ids.start
    file.write(Batch([record(new)], changed=changes({400: 3}), finished=list(range(1, 400))))
    file.close()
    assert stored(path) == [400, new]
