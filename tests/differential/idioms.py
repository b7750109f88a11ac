"""Scripts made of single steps and of what clients and workers do one after the other.

Single steps alone seldom meet: a worker must be able, a job must wait, the worker must grab it.
Idioms bring such situations about; everything in them shrinks like the rest.
"""

from __future__ import annotations

from typing import Final, TypeAlias

from hypothesis import strategies as st

from tests.differential.steps import Close, Item, Job, Open, Send, Step, Text, packet
from tests.differential.strategies import (
    clients,
    functions,
    jobs,
    numbers,
    packets,
    steps,
    submissions,
    weighted,
    workers,
    workloads,
)


def _each(name: str, *items: Item) -> list[Step]:
    """Return one step for each of ``items``, so that each is looked at by itself."""
    return [Send(name, (item,)) for item in items]


GRAB: Final = packet("GRAB_JOB_UNIQ")

Block: TypeAlias = st.SearchStrategy[list[Step]]

run: Block = st.builds(
    lambda client, worker, submission: _each(client, submission) + _each(worker, GRAB),
    clients,
    workers,
    submissions,
)
"""A job is submitted and a worker grabs one."""

endings = st.one_of(
    packets("WORK_COMPLETE", jobs, workloads),
    packets("WORK_EXCEPTION", jobs, workloads),
    packets("WORK_FAIL", jobs),
)
whole: Block = st.builds(
    lambda client, worker, submission, progress, ending: [
        Send(client, (submission,)),
        *_each(worker, GRAB, progress, packet("GET_STATUS", Job(0)), ending),
    ],
    clients,
    workers,
    submissions,
    packets("WORK_STATUS", jobs, numbers, numbers),
    endings,
)
"""A job's whole life."""

option: Block = clients.map(lambda name: _each(name, packet("OPTION_REQ", b"exceptions")))
"""A client that wants exceptions."""

fall_asleep: Block = workers.map(lambda name: _each(name, GRAB, packet("PRE_SLEEP")))
"""A worker that finds nothing, or takes one job, and goes to sleep."""

several: Block = st.builds(
    lambda client, worker, items: (
        [Send(client, (item,)) for item in items] + _each(worker, *[GRAB] * len(items))
    ),
    clients,
    workers,
    st.lists(submissions, min_size=2, max_size=4),
)
"""A worker that holds several jobs."""

loss: Block = st.builds(
    lambda name, progress, abilities: [
        *_each(name, GRAB, progress),
        Close(name),
        *_each(name, *(packet("CAN_DO", able) for able in abilities)),
    ],
    workers,
    packets("WORK_STATUS", jobs, numbers, numbers),
    st.sampled_from(((b"f",), (b"f",), (b"g",), (b"g", b"f"))),
)
"""A worker that is lost in the middle of its work and comes again."""

abandonment: Block = clients.map(lambda name: [Close(name)])
"""A client that leaves."""

limit: Block = st.builds(
    lambda name, limits: [
        Send("a", (Text((b"create function %s\r\n" % name,)),)),
        Send("a", (Text((b"maxqueue %s%s\r\n" % (name, limits),)),)),
    ],
    functions,
    st.sampled_from((b" 3", b" 1 3 5", b" 5 3 1", b" 2 4")),
)
"""A function with a short queue."""

question: Block = st.lists(st.integers(1, 6), min_size=1, max_size=3).map(
    lambda numbers: _each("b", *(packet("GET_STATUS", Job(number)) for number in numbers))
)
looks: Block = st.sampled_from(("status", "prioritystatus", "show jobs", "workers")).map(
    lambda words: [Send("b", (Text((words.encode() + b"\n",)),))]
)


def _ready(*abilities: bytes) -> tuple[Step, ...]:
    return (
        Open("a"),
        Open("b"),
        Send("c", (packet("CAN_DO", b"f"),)),
        Send("d", tuple(packet("CAN_DO", name) for name in abilities)),
    )


beginnings: st.SearchStrategy[tuple[Step, ...]] = st.sampled_from(
    ((), _ready(b"f"), _ready(b"f"), _ready(b"g"), _ready(b"f", b"g"))
)
"""Mostly two clients and two workers."""

blocks: Block = weighted(
    (12, st.lists(steps, min_size=1, max_size=4)),
    (3, run),
    (3, whole),
    (1, option),
    (3, fall_asleep),
    (2, several),
    (2, loss),
    (1, abandonment),
    (1, limit),
    (1, looks),
    (1, question),
)
scripts = st.builds(
    lambda ready, parts: [*ready, *(step for part in parts for step in part)],
    beginnings,
    st.one_of(st.lists(blocks, max_size=25), st.lists(blocks, min_size=8, max_size=25)),
)
"""Whole scripts."""
