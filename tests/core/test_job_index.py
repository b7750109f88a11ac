"""All live jobs by their handles, beside a plain dictionary; no part of them is ever large."""

from __future__ import annotations

from collections.abc import Iterator
from sys import getsizeof

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gearman_tx.core import NORMAL, FunctionSettings, Job
from gearman_tx.core.function import Function
from gearman_tx.core.job_index import BLOCK_SIZE, LEAST_FULL, MOST_THIN, JobIndex
from gearman_tx.core.states import ENDED, QUEUED
from tests.core.test_job_queue import make_job

FUNCTION = Function(b"f", FunctionSettings())
MANY = 100_000


def named(number: int, handle: bytes) -> Job:
    """Return a job with the handle ``handle``."""
    return Job(number, handle, FUNCTION, b"", b"", NORMAL, background=True, submitted=0.0)


def filled(*numbers: int) -> JobIndex:
    """Return an index of jobs with these ids."""
    index = JobIndex()
    for number in numbers:
        index.add(make_job(number))
    return index


def ids(index: JobIndex) -> list[int]:
    """Return the ids of all jobs in the order of the index."""
    return [job.id for job in index]


def end(index: JobIndex, number: int) -> None:
    """Let the job with this id end."""
    job = index.get(b"H:t:%d" % number)
    assert job is not None
    job.state = QUEUED
    job.state = ENDED
    index.remove(job)


def sizes(index: JobIndex) -> list[int]:
    """Return the sizes of the table of blocks and of each block, in entries."""
    blocks = index._blocks  # noqa: SLF001  # what a step may cost is seen from outside only
    return [len(blocks), *(len(block.jobs) for block in blocks.values())]


def test_an_empty_index_has_no_jobs() -> None:
    """With any handle."""
    index = JobIndex()
    assert (len(index), list(index), index.get(b"H:t:1"), index.get(b"")) == (0, [], None, None)


@pytest.mark.parametrize(
    "handle",
    [
        b"H:t:007",
        b"H:t:+7",
        b"H:t:-7",
        b"H:t: 7",
        b"H:t:7 ",
        b"H:t:0_7",
        b"H:t:",
        b"H:t",
        b"7",
        b":7",
        b"H:u:7",
        b"H:t:7:7",
        b"H:t:x:7",
        b"H:t:\xc2\xb2",
        b"H:t:" + b"0" * 18 + b"7",
        b"H:t:" + b"9" * 19,
        b"H:t:" + b"9" * 1_000_000,
    ],
)
def test_only_the_handle_itself_finds_a_job(handle: bytes) -> None:
    """Another way to write its number, or another prefix, is another handle."""
    index = filled(7)
    assert index.get(b"H:t:7") is not None
    assert index.get(handle) is None


@pytest.mark.parametrize(
    "handle", [b"H:t:8", b"H:old:7", b"H:t:007", b"seven", b"", b"H:t:" + b"7" * 30]
)
def test_a_stored_job_may_have_any_handle(handle: bytes) -> None:
    """The host was renamed, or the job came from elsewhere; it is forgotten like any other."""
    index = JobIndex()
    job = named(7, handle)
    index.restore(job)
    assert index.get(handle) is job
    assert index.get(b"H:t:7") is None
    assert list(index) == [job]
    index.remove(job)
    assert (len(index), index.get(handle)) == (0, None)


def test_a_handle_that_leads_to_its_job_is_kept_in_no_table() -> None:
    """With any prefix: a million jobs of a renamed host cost no more than others."""
    index = JobIndex()
    for number in range(1, 1000):
        index.restore(named(number, b"H:old:%d" % number))
    assert not index._odd  # noqa: SLF001  # as above
    assert index.get(b"H:old:999") is not None


def test_a_handle_that_two_jobs_have_finds_one_of_them() -> None:
    """A store should not hold them; if one does, both end as others do."""
    index = JobIndex()
    jobs = [named(number, b"twice") for number in (1, 2)]
    for job in jobs:
        index.restore(job)
    assert index.get(b"twice") is jobs[1]
    index.remove(jobs[0])
    assert index.get(b"twice") is jobs[1]
    index.remove(jobs[1])
    assert (len(index), index.get(b"twice")) == (0, None)


def test_ids_may_be_as_large_as_a_store_holds() -> None:
    """Those of a queue in memory begin at some 10**15 already."""
    numbers = [0, 1, 2**62 - 1, 2**62, 2**63 - 1]
    index = filled(*numbers)
    assert ids(index) == numbers
    for number in numbers:
        end(index, number)
    assert ids(index) == []


steps = st.lists(
    st.tuples(
        st.sampled_from(["add", "add", "skip", "restore", "end", "look"]), st.integers(0, 99)
    ),
    max_size=300,
)


@given(steps)
def test_an_index_behaves_like_a_dictionary(steps: list[tuple[str, int]]) -> None:
    """Jobs come and go in any order, also during a walk over all jobs."""
    index, model = JobIndex(), dict[bytes, Job]()
    number = 0
    looks: list[tuple[Iterator[Job], list[Job]]] = []
    for step, value in steps:
        if step == "skip":
            number += value * 10
        elif step == "end" and model:
            job = model.pop(list(model)[value % len(model)])
            job.state = QUEUED
            job.state = ENDED
            index.remove(job)
        elif step == "look":
            look = iter(index)
            looks.append((look, list(model.values())))
            assert next(look, None) is next(iter(model.values()), None)
        elif step in {"add", "restore"}:
            number += 1
            job = named(number, b"odd %d" % value) if step == "restore" else make_job(number)
            if job.handle not in model:
                model[job.handle] = job
                (index.restore if step == "restore" else index.add)(job)
        assert len(index) == len(model)
    assert list(index) == list(model.values())
    for handle in {*model, *(b"odd %d" % value for value in range(100)), b"H:t:1"}:
        assert index.get(handle) is model.get(handle)
    for rest, then in looks:
        assert list(rest) == [job for job in then[1:] if job.state != ENDED]


def test_jobs_added_during_a_walk_are_not_shown() -> None:
    """Neither in the block that was the newest nor in the next ones; what ended is left out."""
    index = filled(*range(1, 11))
    look = iter(index)
    assert next(look).id == 1
    for number in range(11, 1000):
        index.add(make_job(number))
    for number in (2, 5, 10):
        end(index, number)
    assert [job.id for job in look] == [3, 4, 6, 7, 8, 9]


def test_a_block_emptied_during_a_walk_is_skipped() -> None:
    """As are all jobs that were in it."""
    index = filled(*range(1, 3 * BLOCK_SIZE))
    look = iter(index)
    next(look)
    for number in range(BLOCK_SIZE, 2 * BLOCK_SIZE):
        end(index, number)
    assert [job.id for job in look] == [
        *range(2, BLOCK_SIZE),
        *range(2 * BLOCK_SIZE, 3 * BLOCK_SIZE),
    ]


@given(st.lists(st.integers(0, 1000), unique=True, max_size=60), st.data())
def test_jobs_may_come_in_any_order_of_their_ids(numbers: list[int], data: st.DataObject) -> None:
    """All are found and shown in the order of their ids, in thin blocks and in full ones."""
    index = filled(*numbers)
    assert ids(index) == sorted(numbers)
    ended = data.draw(st.sets(st.sampled_from(numbers))) if numbers else set()
    for number in ended:
        end(index, number)
    assert ids(index) == sorted(set(numbers) - ended)
    for number in numbers:
        found = index.get(b"H:t:%d" % number)
        assert (found is None) == (number in ended)


def test_an_early_id_hides_no_later_ones() -> None:
    """A report that begins behind it shows all jobs."""
    index = filled(300, 301)
    index.restore(named(5, b"H:old:5"))
    assert ids(index) == [5, 300, 301]


def test_no_part_of_an_index_is_large() -> None:
    """So no step touches more than a block, or a hundredth of the jobs where a table grows."""
    index = filled(*range(1, MANY))
    blocks, *lengths = sizes(index)
    assert blocks <= MANY / BLOCK_SIZE + 1
    assert max(lengths) == BLOCK_SIZE


def test_a_job_takes_little_more_than_its_place() -> None:
    """Less than 12 bytes; a dictionary of handles took 30 to 60."""
    index = filled(*range(1, MANY))
    blocks = index._blocks  # noqa: SLF001  # as above
    size = getsizeof(blocks)
    size += sum(getsizeof(block) + getsizeof(block.jobs) for block in blocks.values())
    assert size / MANY < 12


@pytest.mark.parametrize("outliving", [1, LEAST_FULL, MOST_THIN])
def test_jobs_that_outlive_their_neighbours_take_little(outliving: int) -> None:
    """A few of each block are left forever, or came back from a store so."""
    index = filled(*range(MANY))
    for number in range(MANY):
        if number % BLOCK_SIZE >= outliving:
            end(index, number)
    restored = filled(*(number for number in range(MANY) if number % BLOCK_SIZE < outliving))
    assert ids(index) == ids(restored)
    for sparse in (index, restored):
        *_, most = sorted(sizes(sparse)[1:])
        full = BLOCK_SIZE if outliving > LEAST_FULL and sparse is index else MOST_THIN
        assert most <= full
        _, *lengths = sizes(sparse)
        assert sum(lengths) <= len(sparse) * BLOCK_SIZE / LEAST_FULL


def test_a_block_does_not_go_to_and_fro() -> None:
    """A job that comes and goes does not turn its block around each time."""
    index = filled(*range(MOST_THIN + 1))
    for number in range(MOST_THIN + 1, BLOCK_SIZE):
        assert sizes(index) == [1, BLOCK_SIZE]
        index.add(make_job(number))
        end(index, number)
    for number in range(MOST_THIN + 1 - LEAST_FULL):
        assert sizes(index) == [1, BLOCK_SIZE]
        end(index, number)
    assert sizes(index) == [1, LEAST_FULL]


def test_an_index_that_was_emptied_keeps_nothing() -> None:
    """However many jobs went through it."""
    index = JobIndex()
    for number in range(1, 10_000):
        index.add(make_job(number))
        if number > 20:
            end(index, number - 20)
        assert sizes(index)[0] <= 2
    for number in range(9980, 10_000):
        end(index, number)
    assert (sizes(index), len(index)) == ([0], 0)
