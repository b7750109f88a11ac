"""No repr, no error and no line of the log shows a workload, whatever happens to it.

A workload may hold a password, and may have a hundred megabytes.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from typing import Any

import attrs
import pytest
from twisted.internet.defer import Deferred
from twisted.logger import LogEvent, eventAsText

import gearman_tx
from gearman_tx import TEXT, Data, JobException, Task, WorkerJob, client
from gearman_tx.blocking import GearmanJob, GearmanJobRequest
from gearman_tx.core import JobRecord
from gearman_tx.core.records import Batch
from gearman_tx.errors import GearmanError, TooLarge
from gearman_tx.link import LinkLimits
from gearman_tx.store.foreign_job import ForeignJob
from gearman_tx.store.foreign_row import ForeignRow
from gearman_tx.testing import Stage
from gearman_tx.wire import OversizedPacket
from tests.link.logs import LogBook, watched_log

SECRET = b"the secret workload"
LONG = b"." * 5000 + SECRET

BODIES = {
    "beginning",
    "body",
    "data",
    "events",
    "exception",
    "packet",
    "result",
    "text",
    "update",
    "value",
    "workload",
}
"""How fields are called that may hold a workload, a result, or a packet with one."""

NO_BODIES = {
    ("ConnectionLimits", "packet"),
    ("Figure", "value"),
    ("Finding", "text"),
    ("LinkLimits", "packet"),
    ("Option", "value"),
    ("Range", "text"),
    ("Sample", "value"),
}
"""Fields of these names that hold none: the class and the field."""


def classes() -> Iterator[type]:
    """Yield every class that a module of the package defines."""
    for found in pkgutil.walk_packages(gearman_tx.__path__, "gearman_tx."):
        if found.name.rpartition(".")[2] == "__main__":
            continue
        module = importlib.import_module(found.name)
        for _, one in inspect.getmembers(module, inspect.isclass):
            if one.__module__ == found.name:
                yield one


def fields_of(one: type) -> list[str]:
    """Return the fields of an attrs class or a named tuple."""
    if attrs.has(one):
        return [field.name for field in attrs.fields(one)]
    return list(getattr(one, "_fields", ()))


def with_bodies() -> list[type]:
    """Return the classes that have such a field."""
    return [one for one in classes() if BODIES & {name.lstrip("_") for name in fields_of(one)}]


def filled(one: type) -> Any:
    """Return an instance with a long workload in each field that may hold one."""
    values = {
        name: LONG if name.lstrip("_") in BODIES and (one.__name__, name) not in NO_BODIES else None
        for name in fields_of(one)
    }
    if issubclass(one, tuple):
        return tuple.__new__(one, values.values())
    made = object.__new__(one)
    for name, value in values.items():
        object.__setattr__(made, name, value)
    return made


def test_there_are_such_classes() -> None:
    """Those that a program sees most are among them."""
    assert {
        WorkerJob,
        Data,
        client.Warning,
        JobRecord,
        ForeignJob,
        ForeignRow,
        OversizedPacket,
    } <= set(with_bodies())


@pytest.mark.parametrize("one", with_bodies(), ids=lambda one: one.__qualname__)
def test_no_value_shows_a_body_in_its_repr(one: type) -> None:
    """Neither its end nor most of it."""
    shown = repr(filled(one))
    assert "secret" not in shown
    assert len(shown) < 2000


SHORT: list[Any] = [
    WorkerJob(b"f", SECRET, b"H:1", data=SECRET, send=lambda *_: Deferred()),
    GearmanJob(None, b"H:1", "f", "u", SECRET),
    GearmanJobRequest(GearmanJob(None, b"H:1", "f", "u", SECRET.decode())),
    JobRecord(1, b"H:1", b"f", b"", 1, SECRET, None, 0.0, 0, 0.0),
    Batch([JobRecord(1, b"H:1", b"f", b"", 1, SECRET, None, 0.0, 0, 0.0)]),
    ForeignJob(b"f", b"", 1, SECRET, 0.0),
    ForeignRow((1, None), b"f", b"", 1, SECRET),
    OversizedPacket(7, 1000, 100, b"H:1\0" + SECRET),
]


@pytest.mark.parametrize("one", SHORT, ids=lambda one: type(one).__name__)
def test_no_workload_is_so_short_that_it_is_shown(one: object) -> None:
    """Only its size is."""
    assert "secret" not in f"{one!r} {one}"
    if not isinstance(one, OversizedPacket):
        assert "<19 bytes>" in repr(one) or "<19 characters>" in repr(one)


def test_updates_show_the_beginning_of_their_data() -> None:
    """A test that compares them can be read; a large one does not fill the screen."""
    assert repr(Data(b"one")) == "Data(data=b'one')"
    assert repr(client.Warning(b"." * 101)) == f"Warning(data=b'{'.' * 100}'... (101 bytes))"


def test_an_exception_shows_the_beginning_of_its_data() -> None:
    """Its text is for people, up to a point."""
    assert str(JobException(b"f", b"H:1", b"boom")) == "job H:1 of f failed: boom"
    long = JobException(b"f", b"H:1", LONG)
    assert str(long) == f"job H:1 of f failed: {'.' * 1000}... (5019 bytes)"
    assert "secret" not in repr(long)
    assert long.text.endswith("secret workload")


def test_what_is_no_bytes_is_shown_by_its_type() -> None:
    """A value before its encoding may be of any type."""
    job = GearmanJob(None, None, "f", "u", {"password": SECRET})
    assert "data=<dict>" in repr(job)


def lines(book: LogBook) -> list[str]:
    """Return everything that was logged, as text, with the tracebacks."""
    return [eventAsText(event) + repr(_plain(event)) for event in book.events]


def _plain(event: LogEvent) -> dict[str, Any]:
    """Return the fields of an event that are its own."""
    return {key: value for key, value in event.items() if not key.startswith("log_")}


def outcome(stage: Stage, task: Task[Any]) -> str:
    """Return all that a task and its error show."""
    with pytest.raises(GearmanError) as caught:
        stage.result(task, within=100)
    return f"{caught.value} {caught.value!r} {task!r}"


def test_no_line_of_the_log_and_no_error_shows_a_workload() -> None:
    """Results, failures, time limits, lost workers, refusals: of client, server and worker."""
    shown = []
    with Stage() as stage, watched_log() as book:
        worker = stage.worker(concurrency=50, link_limits=LinkLimits(packet=1000))

        @worker.function("fails", place="reactor")
        def fails(job: WorkerJob) -> bytes:
            raise ValueError(f"no good: {job!r}")

        @worker.function("grows", place="reactor")
        def grows(job: WorkerJob) -> bytes:
            return job.workload * 1000

        @worker.function("throws", place="reactor")
        def throws(job: WorkerJob) -> bytes:
            job.fail(bytes(100) + job.workload)

        @worker.function("hangs", place="reactor", timeout=1)
        def hangs(_job: WorkerJob) -> Deferred[bytes]:
            return Deferred()

        stage.start(worker)
        submitter = stage.client()
        shown += [outcome(stage, submitter.submit(name, SECRET)) for name in ("fails", "grows")]
        throwing = submitter.submit("throws", SECRET)
        with pytest.raises(JobException) as thrown:
            stage.result(throwing)
        shown.append(f"{thrown.value!r} {throwing!r}")
        shown.append(outcome(stage, submitter.submit("hangs", SECRET, timeout=10)))
        careful = stage.client(encoder=TEXT, max_packet=100)
        with pytest.raises(TooLarge) as caught:
            careful.submit("f", SECRET.decode() * 10)
        shown.append(f"{caught.value} {caught.value!r}")
        submitter.submit("fails", SECRET)  # its failure is logged, because its end is not asked for
        stage.advance(1)
        assert len(book.failures()) >= len(["fails", "grows", "fails"])
    shown += lines(book)
    assert [text for text in shown if "secret" in text] == []
    assert any("ran out of time" in text for text in shown)
    assert any("ValueError: no good: WorkerJob(" in text for text in shown)
