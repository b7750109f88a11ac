"""The queue of one function and priority, by itself."""

from __future__ import annotations

from collections import deque

from hypothesis import given
from hypothesis import strategies as st

from gearman_tx.core import NORMAL, FunctionSettings, Job
from gearman_tx.core.function import Function
from gearman_tx.core.job_queue import JobQueue

FUNCTION = Function(b"f", FunctionSettings())


def make_job(number: int) -> Job:
    """Return a job with ``number`` for an id."""
    handle = b"H:t:%d" % number
    return Job(number, handle, FUNCTION, b"", b"", NORMAL, background=True, submitted=0.0)


def test_an_empty_queue_has_neither_first_nor_last() -> None:
    """Nor anything between."""
    queue = JobQueue()
    assert (queue.first, queue.last, len(queue), list(queue)) == (None, None, 0, [])


@given(st.lists(st.integers(0, 9)))
def test_a_queue_behaves_like_a_list(steps: list[int]) -> None:
    """Adding at both ends and removing from anywhere; a removed job has no neighbours."""
    queue, model = JobQueue(), deque[Job]()
    for number, step in enumerate(steps):
        if step < len(model):
            job = model[step]
            model.remove(job)
            queue.remove(job)
            assert (job.before, job.after) == (None, None)
        elif step % 2:
            job = make_job(number)
            model.appendleft(job)
            queue.prepend(job)
        else:
            job = make_job(number)
            model.append(job)
            queue.append(job)
        assert list(queue) == list(model)
        assert len(queue) == len(model)
        assert queue.first is (model[0] if model else None)
        assert queue.last is (model[-1] if model else None)


def test_a_job_may_be_queued_again() -> None:
    """At the back, as after the loss of its worker."""
    queue = JobQueue()
    jobs = [make_job(number) for number in range(3)]
    for job in jobs:
        queue.append(job)
    queue.remove(jobs[0])
    queue.append(jobs[0])
    assert list(queue) == [jobs[1], jobs[2], jobs[0]]
