"""Jobs by the keys of clients, beside plain dictionaries; no part of them is ever large."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gearman_tx.core import NORMAL, FunctionSettings, Job
from gearman_tx.core.function import Function
from gearman_tx.core.unique_index import SHARDS, UniqueIndex
from tests.core.audit import contents

FUNCTIONS = [Function(b"f%d" % number, FunctionSettings()) for number in range(4)]
MANY = 100_000


def make_job(number: int, function: Function = FUNCTIONS[0]) -> Job:
    """Return a job of a function."""
    return Job(number, b"H:t:%d" % number, function, b"", b"", NORMAL, 0.0, background=True)


def test_an_empty_index_finds_nothing() -> None:
    """And lets what it does not have be removed."""
    index = UniqueIndex()
    index.remove(b"u", make_job(1))
    assert (index.find(FUNCTIONS[0], b"u"), index.newest(b"u")) == (None, None)


def test_a_key_is_found_in_its_function_only() -> None:
    """And as the newest of all functions."""
    index = UniqueIndex()
    job = make_job(1)
    index.add(b"u", job)
    assert index.find(FUNCTIONS[0], b"u") is job
    assert index.find(FUNCTIONS[1], b"u") is None
    assert index.find(FUNCTIONS[0], b"v") is None
    assert index.newest(b"u") is job


def test_functions_may_share_a_key() -> None:
    """Each finds its own; the last one left is the entry itself again."""
    index = UniqueIndex()
    jobs = [make_job(number, function) for number, function in enumerate(FUNCTIONS)]
    for job in jobs:
        index.add(b"u", job)
    assert [index.find(function, b"u") for function in FUNCTIONS] == jobs
    assert index.newest(b"u") is jobs[-1]
    index.remove(b"u", jobs[3])
    index.remove(b"u", jobs[0])
    index.remove(b"u", jobs[0])
    assert index.newest(b"u") is jobs[2]
    index.remove(b"u", jobs[2])
    assert index.find(FUNCTIONS[1], b"u") is index.newest(b"u") is jobs[1]
    index.remove(b"u", jobs[1])
    assert contents(index) == {}


def test_a_later_job_takes_the_place_of_an_earlier_one() -> None:
    """A store should not hold two of one function and key; the earlier one is not found then."""
    for shared in (False, True):
        index = UniqueIndex()
        first, other, second = make_job(1), make_job(2, FUNCTIONS[1]), make_job(3)
        index.add(b"u", first)
        if shared:
            index.add(b"u", other)
        index.add(b"u", second)
        assert index.find(FUNCTIONS[0], b"u") is index.newest(b"u") is second
        index.remove(b"u", first)
        assert index.find(FUNCTIONS[0], b"u") is second
        index.remove(b"u", second)
        assert index.newest(b"u") is (other if shared else None)


@given(
    st.lists(
        st.tuples(st.sampled_from(["add", "add", "remove"]), st.integers(0, 3), st.integers(0, 5))
    )
)
def test_an_index_behaves_like_a_dictionary(steps: list[tuple[str, int, int]]) -> None:
    """Jobs come and go in any order."""
    index, model = UniqueIndex(), dict[tuple[Function, bytes], Job]()
    every = set[Job]()
    for number, (step, which, value) in enumerate(steps):
        function, key = FUNCTIONS[which], b"%d" % value
        if step == "add":
            job = make_job(number, function)
            every.add(job)
            index.add(key, job)
            model.pop((function, key), None)
            model[function, key] = job
        else:
            known = model.pop((function, key), None)
            index.remove(key, known if known is not None else make_job(number, function))
        assert contents(index) == model
        assert index.find(function, key) is model.get((function, key))
        having = [job for (_, other), job in model.items() if other == key]
        assert index.newest(key) is (having[-1] if having else None)


@given(st.permutations(range(12)))
def test_jobs_may_come_in_any_order_of_their_ids(numbers: list[int]) -> None:
    """The newest of each function is found, and the newest of all; older ones take no place."""
    index = UniqueIndex()
    newest: dict[Function, Job] = {}
    for number in numbers:
        job = make_job(number, FUNCTIONS[number % 3])
        index.add(b"u", job)
        known = newest.get(job.function)
        if known is None or known.id < number:
            newest[job.function] = job
        assert contents(index) == {(function, b"u"): job for function, job in newest.items()}
        assert index.newest(b"u") is max(newest.values(), key=lambda job: job.id)
    for job in sorted(newest.values(), key=lambda job: -job.id):
        assert index.newest(b"u") is job
        index.remove(b"u", job)
    assert index.newest(b"u") is None


def test_no_part_of_an_index_is_large() -> None:
    """So where one grows, no step touches more than a hundredth of the keys."""
    index = UniqueIndex()
    for number in range(MANY):
        index.add(b"%d" % number, make_job(number))
    shards = index._shards  # noqa: SLF001  # what a step may cost is seen from outside only
    sizes = [len(shard) for shard in shards]
    assert sum(sizes) == MANY
    assert max(sizes) < MANY / SHARDS * 1.5
    assert min(sizes) > MANY / SHARDS / 1.5
