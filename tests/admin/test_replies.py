"""The reading side of the text protocol: what ``reports`` writes, ``replies`` reads back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from gearman_tx.admin import replies
from gearman_tx.errors import Refused, RemoteProtocolError


def test_a_status_row_is_read() -> None:
    """A row of ``status`` has a name and three counts."""
    assert replies.function_status(b"resize\t5\t1\t2") == replies.FunctionStatus(b"resize", 5, 1, 2)


def test_an_escaped_name_is_read_as_it_was() -> None:
    """A tab in a function's name comes as an escape and is a tab again."""
    assert replies.function_status(b"a\\x09b\t0\t0\t0").name == b"a\tb"


def test_a_priority_row_is_read() -> None:
    """A row of ``prioritystatus`` has a name and four counts."""
    row = replies.priority_status(b"resize\t0\t3\t1\t2")
    assert row == replies.PriorityStatus(b"resize", 0, 3, 1, 2)


@pytest.mark.parametrize(
    ("line", "client_id", "functions"),
    [
        (b"38 127.0.0.1 worker-1 : crop resize", b"worker-1", (b"crop", b"resize")),
        (b"37 127.0.0.1 - :", b"-", ()),
        (b"37 ::1 my own id : f", b"my own id", (b"f",)),
    ],
)
def test_a_workers_row_is_read(line: bytes, client_id: bytes, functions: tuple[bytes]) -> None:
    """A row of ``workers`` has an id, which may have blanks, and any number of functions."""
    row = replies.connection_status(line)
    assert (row.client_id, row.functions) == (client_id, functions)


def test_a_show_jobs_row_is_read() -> None:
    """A row of ``show jobs`` has a handle, losses and two flags."""
    assert replies.queued_job(b"H:vm:5\t1\t0\t1") == replies.QueuedJob(b"H:vm:5", 1, False, True)


def test_a_jobs_row_of_a_running_job_is_read() -> None:
    """A row of ``jobs`` names the worker of a running job."""
    line = b"H:vm:5\tresize\tu\trunning\thigh\tbg\t7\t1\t2\t9\t10.0.0.1\t64\t1/2\t-"
    job = replies.job_details(line + b"\tweb1\\x09\tto come")
    assert (job.worker_fd, job.worker_host, job.progress, job.due_in) == (
        9,
        "10.0.0.1",
        (1, 2),
        None,
    )
    assert job.worker_id == b"web1\t"
    assert replies.job_details(line).worker_id is None  # a server without this column


def test_a_jobs_row_of_a_delayed_job_is_read() -> None:
    """A row of ``jobs`` says when a delayed job is due, and has no worker."""
    job = replies.job_details(b"H:vm:5\tf\t\tdelayed\tnormal\tfg\t0\t0\t0\t-\t-\t0\t0/0\t60")
    assert (job.worker_fd, job.worker_host, job.due_in, job.background) == (None, None, 60, False)
    assert job.progress is None
    assert job.worker_id is None


def test_a_functions_row_is_read_with_columns_to_come() -> None:
    """A row of ``functions`` may have further columns at its end."""
    row = replies.function_details(b"f\t9\t1\t2\t3\t1\t2\t4\t10\t20\t30\t7\tnew")
    assert (row.running, row.workers, row.max_queue, row.oldest) == (2, 4, (10, 20, 30), 7)


@pytest.mark.parametrize("end", [b"", b"\t-"])
def test_a_functions_row_without_a_queued_job_is_read(end: bytes) -> None:
    """The last column is a dash, or missing in the answer of an earlier version."""
    assert replies.function_details(b"f\t0\t0\t0\t0\t0\t0\t4\t1\t2\t3" + end).oldest is None


def test_a_clients_row_is_read_with_columns_to_come() -> None:
    """A row of ``clients`` may have further columns at its end."""
    row = replies.client_details(b"11\t::1\tmy\\x09worker\t2\t1\t0\tbusy\tnew")
    assert row == replies.ClientDetails(11, "::1", b"my\tworker", 2, 1, 0, "busy")


@pytest.mark.parametrize(
    "read",
    [
        replies.function_status,
        replies.priority_status,
        replies.connection_status,
        replies.queued_job,
        replies.job_details,
        replies.function_details,
        replies.client_details,
    ],
)
def test_a_row_of_another_kind_is_an_error_of_the_server(read: Callable[[bytes], Any]) -> None:
    """A line without the right columns raises RemoteProtocolError with the line in it."""
    with pytest.raises(RemoteProtocolError, match="nonsense"):
        replies.read_rows([b"nonsense"], read)


def test_ok_gives_what_follows_it() -> None:
    """The value of an OK reply is what stands behind the blank; a bare OK has none."""
    assert [replies.check(b"OK 1.1.20"), replies.check(b"OK")] == [b"1.1.20", b""]


def test_an_error_reply_is_refused_with_its_code_and_text() -> None:
    """The pluses of the C server's error texts are blanks."""
    with pytest.raises(Refused) as caught:
        replies.check(b"ERR UNKNOWN_COMMAND Unknown+server+commandfoo")
    assert (caught.value.code, caught.value.text) == (
        b"UNKNOWN_COMMAND",
        b"Unknown server commandfoo",
    )


def test_an_error_reply_without_a_code_is_refused_too() -> None:
    """``drop function`` answers without a code; then the code is ERR."""
    with pytest.raises(Refused) as caught:
        replies.check(b"ERR function not found")
    assert (caught.value.code, caught.value.text) == (b"ERR", b"function not found")


def test_another_verdict_is_an_error_of_the_server() -> None:
    """A reply that is neither OK nor ERR is not this protocol."""
    with pytest.raises(RemoteProtocolError, match="neither OK nor ERR"):
        replies.check(b"HTTP/1.1 400")
