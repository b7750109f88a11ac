"""hypothesis' scripts: small alphabets, so that jobs meet, and steps that may follow in any order.

A handle is written as the number of a job: 1, 2, 3 ... for the jobs in the order of their
creation, 0, -1, -2 ... for the jobs that the sending connection runs; a worker that runs none
grabs one instead of speaking about it. So shrinking a script never makes its handles meaningless.
"""

from __future__ import annotations

from typing import Final, TypeVar

from hypothesis import strategies as st

from tests.differential.packets import NUMBERS, REFUSED, RESPONSE
from tests.differential.steps import (
    Close,
    Item,
    Job,
    Packet,
    Send,
    Step,
    Text,
    packet,
)
from tests.differential.view import FAR_FUTURE

CONNECTIONS: Final = ("a", "b", "c", "d")

connections = st.sampled_from(CONNECTIONS)
clients = st.sampled_from(("a", "b", "a", "b", "c"))
workers = st.sampled_from(("c", "d"))
functions = st.sampled_from((b"f", b"f", b"g"))
uniques = st.sampled_from((b"u", b"v", b"w", b"", b"", b"-"))
workloads = st.sampled_from((b"", b"x", b"y", b"one\0two"))
numbers = st.sampled_from(
    (b"1", b"50", b"0", b"100", b"-1", b"4294967297", b"1e3", b"abc", b"", b" 7", b"+9", b"12.5")
)
handles = st.integers(-2, 6).map(Job)
jobs = st.sampled_from((0, 0, 0, 0, -1, -1, 1, 2, 3)).map(Job)
epochs = st.sampled_from((b"0", b"1", b"abc", b"", b"-5", FAR_FUTURE.encode()))
timeouts = st.sampled_from((b"0", b"-1", b"", b"abc", b"600000", b"\x01\x02\x03\x04"))
reducers = st.sampled_from((b"red", b"r"))


T = TypeVar("T")


@st.composite
def weighted(draw: st.DrawFn, *choices: tuple[int, st.SearchStrategy[T]]) -> T:
    """Draw from one of ``choices``, each as often as its weight says.

    ``one_of`` would give every leaf of nested choices the same weight.
    """
    order = [index for index, (weight, _) in enumerate(choices) for _ in range(weight)]
    return draw(choices[draw(st.sampled_from(order))][1])


def packets(names: str, *arguments: st.SearchStrategy[bytes | Job]) -> st.SearchStrategy[Packet]:
    """Return packets of one of ``names`` with ``arguments``."""
    return st.builds(packet, st.sampled_from(names.split()), *arguments)


submissions = weighted(
    (4, packets("SUBMIT_JOB SUBMIT_JOB_HIGH SUBMIT_JOB_LOW", functions, uniques, workloads)),
    (4, packets(
        "SUBMIT_JOB_BG SUBMIT_JOB_HIGH_BG SUBMIT_JOB_LOW_BG", functions, uniques, workloads
    )),
    (1, packets("SUBMIT_JOB_EPOCH", functions, uniques, epochs, workloads)),
    (1, packets(
        "SUBMIT_REDUCE_JOB SUBMIT_REDUCE_JOB_BACKGROUND",
        functions, uniques, reducers, st.sampled_from((b"", b"unused")), workloads,
    )),
)  # fmt: skip

reports = st.sampled_from(
    ("status", "prioritystatus", "workers", "show jobs", "show unique jobs", "version", "getpid")
)
nonsense = st.sampled_from(
    ("", " status", "foo bar", "show", "show foo", "cancel", "cancel foo bar", "drop", "create",
     "maxqueue", "a b c d e", "create foo bar", "drop foo bar", "cancel job")
)  # fmt: skip
line_ends = st.sampled_from((b"\r\n", b"\n"))

questions: st.SearchStrategy[Item] = weighted(
    (5, st.builds(lambda words, end: Text((words.encode() + end,)), reports, line_ends)),
    (1, st.builds(lambda words, end: Text((words.encode() + end,)), nonsense, line_ends)),
    (3, packets("GET_STATUS", handles)),
    (2, packets("GET_STATUS_UNIQUE", uniques)),
    (1, packets("ECHO_REQ", workloads)),
    (1, packets("OPTION_REQ", st.sampled_from((b"exceptions", b"EXCEPtions", b"")))),
    (1, packets("SET_CLIENT_ID", st.sampled_from((b"id", b"w-1")))),
    (1, st.sampled_from(sorted(REFUSED)).map(lambda kind: packet(kind, *[b"x"] * REFUSED[kind]))),
    (1, submissions.map(lambda item: Packet(item.number, item.body, RESPONSE))),
)
"""What changes no job and no worker's state, and may follow anything in a burst."""

commands = weighted(
    (2, st.builds(lambda job: Text((b"cancel job ", job, b"\r\n")), handles)),
    (1, st.builds(
        lambda verb, name: Text((b"%s function %s\r\n" % (verb, name),)),
        st.sampled_from((b"create", b"drop", b"Drop")),
        st.sampled_from((b"f", b"g", b"h", b"F")),
    )),
    (1, st.builds(
        lambda name, limits, end: Text((b"maxqueue %s%s%s" % (name, limits, end),)),
        functions,
        st.sampled_from((b"", b" 1", b" 2", b" 5", b" 1 2 3", b" 1 1", b" 0", b" -1")),
        line_ends,
    )),
)  # fmt: skip

work: st.SearchStrategy[Item] = weighted(
    (8, packets("GRAB_JOB GRAB_JOB_UNIQ GRAB_JOB_ALL")),
    (4, packets("PRE_SLEEP")),
    (2, packets("CAN_DO", functions)),
    (1, packets("CAN_DO_TIMEOUT", functions, timeouts)),
    (1, packets("CANT_DO", functions)),
    (1, packets("RESET_ABILITIES")),
    (4, packets("WORK_DATA WORK_WARNING", jobs, workloads)),
    (3, packets("WORK_STATUS", jobs, numbers, numbers)),
    (6, packets("WORK_COMPLETE", jobs, workloads)),
    (2, packets("WORK_FAIL", jobs)),
    (2, packets("WORK_EXCEPTION", jobs, workloads)),
    (1, packets("WORK_FAIL", jobs, st.sampled_from((b"", b"junk")))),
)


def _alone(strategy: st.SearchStrategy[Item]) -> st.SearchStrategy[tuple[Item, ...]]:
    return strategy.map(lambda item: (item,))


steps: st.SearchStrategy[Step] = weighted(
    (8, st.builds(Send, clients, _alone(submissions))),
    (4, st.builds(Send, clients, _alone(questions))),
    (3, st.builds(
        Send,
        clients,
        st.lists(st.one_of(submissions, questions), min_size=1, max_size=5).map(tuple),
        st.sampled_from((0, 0, 0, 1, 5, 13)),
    )),
    (12, st.builds(Send, workers, _alone(work))),
    (2, st.builds(
        lambda name, before, item: Send(name, (*before, item)),
        workers,
        st.lists(questions, min_size=1, max_size=2),
        work,
    )),
    (2, st.builds(Send, connections, _alone(commands))),
    (2, st.builds(Send, connections, _alone(st.one_of(submissions, work)))),
    (1, st.builds(Close, connections, st.booleans())),
    (1, st.builds(
        lambda name, item: Send(name, (item,), 0, "close"),
        connections,
        packets("SUBMIT_JOB_BG SUBMIT_JOB_LOW_BG", functions, uniques, workloads),
    )),
)  # fmt: skip

assert set(NUMBERS) - set(REFUSED) - {
    name
    for name in NUMBERS
    if name.startswith(("SUBMIT", "WORK", "GRAB", "CAN", "GET", "ECHO", "OPTION", "SET"))
} <= {"RESET_ABILITIES", "PRE_SLEEP"}, "every packet type is played"
