"""PyPI's gear, which mixes text commands and packets on one connection."""

from __future__ import annotations

from tests.interop.interop_fixture import InteropFixture
from tests.interop.language import Language


def test_a_job_returns_its_result(interop: InteropFixture, gear: Language) -> None:
    """A foreground job returns the worker's result, of any bytes."""
    interop.worker(gear, "reverse")
    workload = bytes(range(256)) * 300
    assert interop.call(gear, "do", workload=workload).out == workload[::-1]


def test_every_packet_is_handled_in_order(interop: InteropFixture, gear: Language) -> None:
    """Data, warning and status packets arrive in the order sent, then the result."""
    interop.worker(gear, "progress")
    created, *events = interop.call(gear, "events").lines
    assert created.startswith("created H:")
    assert events == ["data one", "warning careful", "status 1/2", "data two", "complete olleh"]


def test_many_jobs_at_once(interop: InteropFixture, gear: Language) -> None:
    """Twenty jobs each get their own result, from two workers."""
    interop.worker(gear, "reverse")
    interop.worker(gear, "reverse")
    pairs = [line.split(" ") for line in interop.call(gear, "many", "20").lines]
    assert pairs == [[str(n), str(n)[::-1]] for n in range(20)]


def test_an_empty_result_completes(interop: InteropFixture, gear: Language) -> None:
    """sendWorkComplete() without data is a completion."""
    interop.worker(gear, "empty")
    assert interop.call(gear, "events").lines[1:] == ["complete "]


def test_a_failure_fails_the_job(interop: InteropFixture, gear: Language) -> None:
    """sendWorkFail() fails the job, and the worker goes on."""
    interop.worker(gear, "fail")
    for _ in range(2):
        assert interop.call(gear, "events").lines[1:] == ["fail"]


def test_an_exception_reaches_a_client_with_the_option(
    interop: InteropFixture, gear: Language
) -> None:
    """After setOption("exceptions") the job holds the exception's text."""
    interop.worker(gear, "exception")
    lines = interop.call(gear, "events", "exceptions").lines
    assert (lines[0], lines[2:]) == ("option True", ["exception boom"])


def test_an_exception_fails_the_job_without_the_option(
    interop: InteropFixture, gear: Language
) -> None:
    """Without the option the job fails."""
    interop.worker(gear, "exception")
    assert interop.call(gear, "events").lines[1:] == ["fail"]


def test_an_unknown_option_is_refused(interop: InteropFixture, gear: Language) -> None:
    """setOption() of another name is answered with ERROR, and the connection works on."""
    interop.worker(gear, "reverse")
    client = interop.call_start(gear, "events", "exotic")
    lines = client.succeed().lines
    assert (lines[0], lines[2:]) == ("option False", ["complete olleh"])
    assert b"UNKNOWN_OPTION" in client.err
    assert b"Server does not recognize given option" in client.err


def test_background_jobs_run_by_precedence(interop: InteropFixture, gear: Language) -> None:
    """Background jobs of the three precedences have distinct handles and run in that order."""
    handles = interop.call(gear, "priority", workload=b"job").lines
    assert len(set(handles)) == 3
    worker = interop.worker(gear, "hold")
    for _ in handles:
        worker.send_line()
    interop.server.await_total(interop.function, 0)
    assert worker.out == b"holding high job\nholding normal job\nholding low job\n"


def test_text_and_packets_alternate_on_one_connection(
    interop: InteropFixture, gear: Language
) -> None:
    """Administrative requests between packets are answered in order on the same connection."""
    version = interop.server.process.ask(b"version\r\n").decode().strip()
    assert interop.call(gear, "mixed").lines == [
        f"version {version}",
        f"status {interop.function}\t1\t0\t0",
        "known True running False",
        "job listed True",
        "unique listed True",
        "echo are you there?",
        "workers True .",
        "cancel OK",
        "cancel ERR UNKNOWN_JOB",
        "another True",
    ]


def test_a_job_over_its_time_goes_to_another_worker(
    interop: InteropFixture, gear: Language
) -> None:
    """registerFunction() with a timeout of one second hands an overdue job to another worker."""
    slow = interop.worker(gear, "hold/1000")
    client = interop.call_start(gear, "do")
    slow.await_output(b"holding hello")
    interop.worker(gear, "reverse")
    assert client.succeed().out == b"olleh"
    assert slow.running


def test_another_worker_finishes_the_job_of_a_killed_one(
    interop: InteropFixture, gear: Language
) -> None:
    """A client whose worker is killed in the middle of its job gets the result all the same."""
    first = interop.worker(gear, "hold")
    client = interop.call_start(gear, "do")
    first.await_output(b"holding hello")
    interop.worker(gear, "reverse")
    first.kill()
    assert client.succeed().out == b"olleh"
