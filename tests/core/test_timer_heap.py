"""The heap of times, by itself: order, cancelling, and memory proportional to the live ones."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gearman_tx.core import Job
from gearman_tx.core.timer_heap import TimerHeap
from tests.core.test_job_queue import make_job


def test_an_empty_heap_has_no_time() -> None:
    """And nothing is ever due."""
    heap = TimerHeap()
    assert heap.next_time() is None
    assert heap.pop_due(1e9) is None
    assert len(heap) == 0


def test_jobs_come_in_the_order_of_their_times() -> None:
    """Those of the same time in the order in which they were started."""
    heap = TimerHeap()
    jobs = [make_job(number) for number in range(6)]
    for job, when in zip(jobs, (5.0, 3.0, 5.0, 1.0, 3.0, 2.0), strict=True):
        heap.start(when, job)
    assert [heap.pop_due(9.0) for _ in jobs] == [jobs[n] for n in (3, 5, 1, 4, 0, 2)]


def test_a_job_is_due_at_its_time() -> None:
    """Not before."""
    heap, job = TimerHeap(), make_job(1)
    heap.start(5.0, job)
    assert heap.pop_due(4.999) is None
    assert heap.pop_due(5.0) is job
    assert job.timer is None


def test_a_cancelled_job_is_never_due() -> None:
    """And may be given another time."""
    heap, job = TimerHeap(), make_job(1)
    heap.start(1.0, job)
    heap.cancel(job)
    assert (len(heap), heap.next_time(), job.timer) == (0, None, None)
    heap.start(2.0, job)
    assert heap.next_time() == 2.0
    assert heap.pop_due(9.0) is job


def test_cancelled_entries_are_swept_out() -> None:
    """A million timeouts that never fire keep no more than a few dead entries."""
    heap = TimerHeap()
    forever = make_job(0)
    heap.start(1.0, forever)
    for number in range(1, 10_000):
        job = make_job(number)
        heap.start(1000.0 + number, job)
        heap.cancel(job)
        assert heap.held <= 66
    assert heap.next_time() == 1.0


def test_a_sweep_keeps_the_live_ones_in_order() -> None:
    """For any choice of cancelled ones."""
    heap = TimerHeap()
    jobs = [make_job(number) for number in range(500)]
    for job in jobs:
        heap.start(float(job.id * 7919 % 500), job)
    for job in jobs:
        if job.id % 5:
            heap.cancel(job)
    assert heap.held < 200
    rest = [heap.pop_due(500.0) for _ in range(len(heap))]
    assert rest == sorted(jobs[::5], key=lambda job: job.id * 7919 % 500)


@given(st.lists(st.tuples(st.sampled_from(["start", "cancel", "pop"]), st.integers(0, 20))))
def test_a_heap_behaves_like_a_sorted_list(steps: list[tuple[str, int]]) -> None:
    """Timers are started, cancelled and taken in any order."""
    heap = TimerHeap()
    model: list[tuple[float, int, Job]] = []
    for number, (step, value) in enumerate(steps):
        if step == "start":
            job = make_job(number)
            heap.start(float(value), job)
            model.append((float(value), number, job))
        elif step == "cancel" and model:
            heap.cancel(model.pop(value % len(model))[2])
        elif step == "pop":
            due = sorted(entry for entry in model if entry[0] <= value)
            assert heap.pop_due(float(value)) is (due[0][2] if due else None)
            if due:
                model.remove(due[0])
        assert len(heap) == len(model)
        assert heap.next_time() == min((entry[0] for entry in model), default=None)
