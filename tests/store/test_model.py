"""Any sequence of batches and restarts leaves the same contents as a dictionary."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gearman_tx.core import Batch, JobRecord
from gearman_tx.store import Contents, MemoryStore
from tests.store.files import queue_file, read_all
from tests.store.records import any_record, changes, limits

NUMBERS = st.integers(1, 12)
NAMES = st.sampled_from([b"", b"a", b"\xff"])
LIMITS = st.none() | st.tuples(*[st.integers(0, 2**31)] * 3)


@st.composite
def batches(draw: st.DrawFn) -> Batch:
    """Draw a batch with few different ids, so that batches have ids in common."""
    added = draw(st.lists(NUMBERS, unique=True, max_size=6))
    return Batch(
        [draw(any_record(number)) for number in added],
        changes(draw(st.dictionaries(NUMBERS, st.integers(0, 2**40), max_size=4))),
        draw(st.lists(NUMBERS, max_size=6)),
        limits(draw(st.dictionaries(NAMES, LIMITS, max_size=2))),
    )


STEPS = st.lists(st.sampled_from(["close", "crash", "tend"]) | batches(), max_size=12)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder for all examples."""
    return tmp_path_factory.mktemp("model")


@settings(max_examples=40)
@given(steps=STEPS)
def test_a_file_is_a_dictionary(folder: Path, steps: list[str | Batch]) -> None:
    """Jobs, limits, counts and ids are the same as in the store in memory."""
    shutil.rmtree(folder)
    folder.mkdir()
    path = folder / "queue.sqlite3"
    file, model, lives = queue_file(path), MemoryStore(), 1
    file.open()
    for step in [*steps, "crash"]:
        if isinstance(step, Batch):
            file.write(step)
            model.commit(step)
            assert file.jobs == model.state.jobs
        elif step == "tend":
            file.tend()
        else:
            if step == "close":
                file.close()
            else:
                lives += 1
                crashed = folder / f"life-{lives}.sqlite3"
                for suffix in ("", "-wal"):
                    shutil.copyfile(f"{path}{suffix}", f"{crashed}{suffix}")
                file.close()
                path, file = crashed, queue_file(crashed)
            contents = file.open()
            assert not contents.notices
            _compare(contents, read_all(file), model)
    file.close()


def _compare(contents: Contents, found: list[JobRecord], model: MemoryStore) -> None:
    expected: list[JobRecord] = []
    held: list[Contents] = []
    model.replay(expected.extend)
    model.open().addCallback(held.append)
    assert found == expected
    assert contents.settings == held[0].settings
    assert contents.ids.start >= held[0].ids.start
    assert contents.jobs == len(expected)
