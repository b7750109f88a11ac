"""Perl's Gearman::Client and Gearman::Worker, which read replies more strictly than others."""

from __future__ import annotations

import pytest

from tests.interop.conftest import ours_only
from tests.interop.language import Language
from tests.interop.scene import Scene


def test_do_task_returns_the_result(scene: Scene, perl: Language) -> None:
    """do_task() returns the worker's result, of any bytes."""
    scene.worker(perl, "reverse")
    workload = bytes(range(256)) * 300
    assert scene.call(perl, "do", workload=workload).out == workload[::-1]


def test_every_callback_is_called(scene: Scene, perl: Language) -> None:
    """Data, warning and status callbacks are called in the order sent, then on_complete."""
    scene.worker(perl, "progress")
    created, *events = scene.call(perl, "events").lines
    assert created.startswith(f"created {scene.server.address}//H:")
    assert events == ["data one", "warning careful", "status 1/2", "data two", "complete olleh"]


def test_a_taskset_waits_for_all_its_tasks(scene: Scene, perl: Language) -> None:
    """A hundred tasks of one set complete with their own results, over two workers."""
    scene.worker(perl, "length")
    scene.worker(perl, "length")
    pairs = sorted(line.split(" ") for line in scene.call(perl, "taskset", "100").lines)
    assert pairs == sorted([str(n), str(len(str(n)))] for n in range(1, 101))


def test_background_jobs_run_by_priority(scene: Scene, perl: Language) -> None:
    """dispatch_background() returns distinct handles; a worker runs the jobs by priority."""
    handles = scene.call(perl, "background", workload=b"job").lines
    assert len(set(handles)) == 3
    assert all(handle.startswith(f"{scene.server.address}//H:") for handle in handles)
    worker = scene.worker(perl, "hold")
    for _ in handles:
        worker.send_line()
    scene.server.await_total(scene.function, 0)
    assert worker.out == b"holding high job\nholding normal job\nholding low job\n"


def test_get_status_follows_a_job(scene: Scene, perl: Language) -> None:
    """get_status() shows a job queued, running with its progress, and unknown at the end."""
    handle = f"{scene.server.address}//{scene.queue('hello')}"
    assert scene.call(perl, "status", handle).lines == ["known 1 running 0 0/0"]
    worker = scene.worker(perl, "hold")
    worker.await_output(b"holding hello")
    assert scene.call(perl, "status", handle).lines == ["known 1 running 1 3/7"]
    worker.send_line()
    scene.server.await_total(scene.function, 0)
    assert scene.call(perl, "status", handle).lines == ["known 0 running 0 0/0"]


def test_get_job_server_status_reads_the_text_protocol(scene: Scene, perl: Language) -> None:
    """get_job_server_status() asks ``status`` on a line that ends in a bare newline."""
    scene.queue("hello")
    scene.queue("hello")
    assert scene.call(perl, "server").lines == ["capable 0 queued 2 running 0"]


def test_one_unique_is_one_job_for_two_connections(scene: Scene, perl: Language) -> None:
    """Two tasks with the same unique have one handle, and both complete with its result."""
    client = scene.call_start(perl, "merge", scene.function)
    scene.server.await_waiting_clients(scene.function, 2)
    worker = scene.worker(perl, "hold")
    worker.send_line()
    first, second, *events = client.succeed().lines
    assert first == second
    assert events == ["complete olleh", "complete olleh"]
    assert worker.out == b"holding hello\n"


def test_a_failure_fails_the_task(scene: Scene, perl: Language) -> None:
    """A worker function that returns undef calls on_fail, and the worker goes on."""
    scene.worker(perl, "fail")
    for _ in range(2):
        assert scene.call(perl, "events").lines[1:] == ["fail"]


def test_an_exception_reaches_a_client_with_the_option(scene: Scene, perl: Language) -> None:
    """A client made with ``exceptions => 1`` has on_exception called with the text."""
    scene.worker(perl, "exception")
    assert scene.call(perl, "events", "exceptions").lines[1:] == ["exception boom"]


@ours_only
def test_an_exception_fails_the_task_without_the_option(scene: Scene, perl: Language) -> None:
    """Without the option on_fail is called. The C server's handle ends in NUL: the client dies."""
    scene.worker(perl, "exception")
    assert scene.call(perl, "events").lines[1:] == ["fail"]


@ours_only
def test_a_worker_outlives_its_exceptions(scene: Scene, perl: Language) -> None:
    """WORK_FAIL after WORK_EXCEPTION gets no reply. The C server's ERROR ends the worker."""
    worker = scene.worker(perl, "die")
    for _ in range(3):
        assert b"boom" in scene.call(perl, "events", "exceptions").out
        assert scene.call(perl, "events").lines[1:] == ["fail"]
    assert worker.running
    assert scene.server.counts(scene.function) == (0, 0, 1)


@ours_only
@pytest.mark.parametrize("behaviour", ["empty", "zero"])
def test_a_result_without_a_separator_completes(
    scene: Scene, perl: Language, behaviour: str
) -> None:
    """WORK_COMPLETE of ``''`` or ``'0'`` has no NUL. The C server drops the worker, endlessly."""
    worker = scene.worker(perl, behaviour)
    for _ in range(2):
        assert scene.call(perl, "events").lines[1:] == ["complete "]
    assert worker.running


def test_a_prefix_holds_a_tab(scene: Scene, perl: Language) -> None:
    r"""``prefix`` makes the function name ``<prefix>TAB<name>``; our reports write ``\x09``."""
    env = {"PREFIX": "site"}
    tab = "\t" if scene.server.kind == "c" else "\\x09"
    command = [*perl.worker, str(scene.server.port), f"{scene.function}=length"]
    scene.start_worker(command, f"site{tab}{scene.function}", {**perl.env, **env})
    assert scene.server.counts(scene.function) == (0, 0, 0)
    assert scene.call(perl, "do", workload=b"Hello", env=env).out == b"5"


def test_another_worker_finishes_the_job_of_a_killed_one(scene: Scene, perl: Language) -> None:
    """A client whose worker is killed in the middle of its job gets the result all the same."""
    first = scene.worker(perl, "hold")
    client = scene.call_start(perl, "do")
    first.await_output(b"holding hello")
    scene.worker(perl, "length")
    first.kill()
    assert client.succeed().out == b"5"


def test_a_function_with_a_time_limit_is_registered(scene: Scene, perl: Language) -> None:
    """register_function() with a time limit (CAN_DO_TIMEOUT) makes an able worker."""
    scene.worker(perl, "reverse/30")
    assert scene.call(perl, "do").out == b"olleh"
