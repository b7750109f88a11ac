"""Perl's Gearman::Client and Gearman::Worker, which read replies more strictly than others."""

from __future__ import annotations

import pytest

from tests.interop.conftest import ours_only
from tests.interop.interop_fixture import InteropFixture
from tests.interop.language import Language


def test_do_task_returns_the_result(interop: InteropFixture, perl: Language) -> None:
    """do_task() returns the worker's result, of any bytes."""
    interop.worker(perl, "reverse")
    workload = bytes(range(256)) * 300
    assert interop.call(perl, "do", workload=workload).out == workload[::-1]


def test_every_callback_is_called(interop: InteropFixture, perl: Language) -> None:
    """Data, warning and status callbacks are called in the order sent, then on_complete."""
    interop.worker(perl, "progress")
    created, *events = interop.call(perl, "events").lines
    assert created.startswith(f"created {interop.server.address}//H:")
    assert events == ["data one", "warning careful", "status 1/2", "data two", "complete olleh"]


def test_a_taskset_waits_for_all_its_tasks(interop: InteropFixture, perl: Language) -> None:
    """A hundred tasks of one set complete with their own results, over two workers."""
    interop.worker(perl, "length")
    interop.worker(perl, "length")
    pairs = sorted(line.split(" ") for line in interop.call(perl, "taskset", "100").lines)
    assert pairs == sorted([str(n), str(len(str(n)))] for n in range(1, 101))


def test_background_jobs_run_by_priority(interop: InteropFixture, perl: Language) -> None:
    """dispatch_background() returns distinct handles; a worker runs the jobs by priority."""
    handles = interop.call(perl, "background", workload=b"job").lines
    assert len(set(handles)) == 3
    assert all(handle.startswith(f"{interop.server.address}//H:") for handle in handles)
    worker = interop.worker(perl, "hold")
    for _ in handles:
        worker.send_line()
    interop.server.await_total(interop.function, 0)
    assert worker.out == b"holding high job\nholding normal job\nholding low job\n"


def test_get_status_follows_a_job(interop: InteropFixture, perl: Language) -> None:
    """get_status() shows a job queued, running with its progress, and unknown at the end."""
    handle = f"{interop.server.address}//{interop.queue('hello')}"
    assert interop.call(perl, "status", handle).lines == ["known 1 running 0 0/0"]
    worker = interop.worker(perl, "hold")
    worker.await_output(b"holding hello")
    assert interop.call(perl, "status", handle).lines == ["known 1 running 1 3/7"]
    worker.send_line()
    interop.server.await_total(interop.function, 0)
    assert interop.call(perl, "status", handle).lines == ["known 0 running 0 0/0"]


def test_get_job_server_status_reads_the_text_protocol(
    interop: InteropFixture, perl: Language
) -> None:
    """get_job_server_status() asks ``status`` on a line that ends in a bare newline."""
    interop.queue("hello")
    interop.queue("hello")
    assert interop.call(perl, "server").lines == ["capable 0 queued 2 running 0"]


def test_one_unique_is_one_job_for_two_connections(interop: InteropFixture, perl: Language) -> None:
    """Two tasks with the same unique have one handle, and both complete with its result."""
    client = interop.call_start(perl, "merge", interop.function)
    interop.server.await_waiting_clients(interop.function, 2)
    worker = interop.worker(perl, "hold")
    worker.send_line()
    first, second, *events = client.succeed().lines
    assert first == second
    assert events == ["complete olleh", "complete olleh"]
    assert worker.out == b"holding hello\n"


def test_a_failure_fails_the_task(interop: InteropFixture, perl: Language) -> None:
    """A worker function that returns undef calls on_fail, and the worker goes on."""
    interop.worker(perl, "fail")
    for _ in range(2):
        assert interop.call(perl, "events").lines[1:] == ["fail"]


def test_an_exception_reaches_a_client_with_the_option(
    interop: InteropFixture, perl: Language
) -> None:
    """A client made with ``exceptions => 1`` has on_exception called with the text."""
    interop.worker(perl, "exception")
    assert interop.call(perl, "events", "exceptions").lines[1:] == ["exception boom"]


@ours_only
def test_an_exception_fails_the_task_without_the_option(
    interop: InteropFixture, perl: Language
) -> None:
    """Without the option on_fail is called. The C server's handle ends in NUL: the client dies."""
    interop.worker(perl, "exception")
    assert interop.call(perl, "events").lines[1:] == ["fail"]


@ours_only
def test_a_worker_outlives_its_exceptions(interop: InteropFixture, perl: Language) -> None:
    """WORK_FAIL after WORK_EXCEPTION gets no reply. The C server's ERROR ends the worker."""
    worker = interop.worker(perl, "die")
    for _ in range(3):
        assert b"boom" in interop.call(perl, "events", "exceptions").out
        assert interop.call(perl, "events").lines[1:] == ["fail"]
    assert worker.running
    assert interop.server.counts(interop.function) == (0, 0, 1)


@ours_only
@pytest.mark.parametrize("behaviour", ["empty", "zero"])
def test_a_result_without_a_separator_completes(
    interop: InteropFixture, perl: Language, behaviour: str
) -> None:
    """WORK_COMPLETE of ``''`` or ``'0'`` has no NUL. The C server drops the worker, endlessly."""
    worker = interop.worker(perl, behaviour)
    for _ in range(2):
        assert interop.call(perl, "events").lines[1:] == ["complete "]
    assert worker.running


def test_a_prefix_holds_a_tab(interop: InteropFixture, perl: Language) -> None:
    r"""``prefix`` makes the function name ``<prefix>TAB<name>``; our reports write ``\x09``."""
    env = {"PREFIX": "site"}
    tab = "\t" if interop.server.kind == "c" else "\\x09"
    command = [*perl.worker, str(interop.server.port), f"{interop.function}=length"]
    interop.start_worker(command, f"site{tab}{interop.function}", {**perl.env, **env})
    assert interop.server.counts(interop.function) == (0, 0, 0)
    assert interop.call(perl, "do", workload=b"Hello", env=env).out == b"5"


def test_another_worker_finishes_the_job_of_a_killed_one(
    interop: InteropFixture, perl: Language
) -> None:
    """A client whose worker is killed in the middle of its job gets the result all the same."""
    first = interop.worker(perl, "hold")
    client = interop.call_start(perl, "do")
    first.await_output(b"holding hello")
    interop.worker(perl, "length")
    first.kill()
    assert client.succeed().out == b"5"


def test_a_function_with_a_time_limit_is_registered(
    interop: InteropFixture, perl: Language
) -> None:
    """register_function() with a time limit (CAN_DO_TIMEOUT) makes an able worker."""
    interop.worker(perl, "reverse/30")
    assert interop.call(perl, "do").out == b"olleh"
