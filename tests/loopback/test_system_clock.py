"""The system clock of a real job server is set back and forward by an hour, and nothing happens.

Only delayed jobs follow it, because a person named their time.
"""

from __future__ import annotations

import contextlib
import select
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gearman_tx.admin import JobDetails
from gearman_tx.testing import GearmanServer
from tests.loopback.speaker import JOB_CREATED, NO_JOB, NOOP, PATIENCE, Speaker
from tests.loopback.system_clock import HOUR, SystemClock
from tests.server.packets import (
    CAN_DO,
    CAN_DO_TIMEOUT,
    GRAB_JOB,
    JOB_ASSIGN,
    PRE_SLEEP,
    SUBMIT_JOB_BG,
    SUBMIT_JOB_EPOCH,
    req,
)
from tests.store.files import small_disk
from tests.support.servers import running, start_our_server

_SHOW = """
import time
for _ in range(2):
    print(time.time(), time.monotonic(), flush=True)
    input()
"""


@pytest.fixture
def server(system_clock: SystemClock, tmp_path: Path) -> Iterator[GearmanServer]:
    """Return a server with a queue file, whose system clock the test sets."""
    assert system_clock.now()
    with running(GearmanServer(tmp_path)) as process:
        assert isinstance(process, GearmanServer)
        yield process


@pytest.fixture
def client(server: GearmanServer) -> Iterator[Speaker]:
    """Return a connection of a client."""
    with Speaker(server.port) as speaker:
        yield speaker


def submit(client: Speaker, function: bytes, workload: bytes = b"x") -> int:
    """Submit a background job; return the type of the answer."""
    client.tell(req(SUBMIT_JOB_BG, function, b"", workload))
    return client.hear()[0]


def delay(client: Speaker, function: bytes, due: int) -> None:
    """Submit a job that is due at a Unix time; return when the server waits for it."""
    client.tell(req(SUBMIT_JOB_EPOCH, function, b"", b"%d" % due, b"x"))
    assert client.hear()[0] == JOB_CREATED
    client.echo()  # the turn in which the job came is over


def take(worker: Speaker, function: bytes, seconds: float) -> None:
    """Take a job of a function with a time limit; return when the server waits for its end."""
    worker.tell(req(CAN_DO_TIMEOUT, function, b"%d" % (seconds * 1000)), req(GRAB_JOB))
    assert worker.hear()[0] == JOB_ASSIGN
    worker.echo()


def sleep(worker: Speaker, function: bytes) -> None:
    """Be a worker that waits for a job of a function."""
    worker.tell(req(CAN_DO, function), req(GRAB_JOB))
    assert worker.hear() == (NO_JOB, b"")
    worker.tell(req(PRE_SLEEP))
    worker.echo()


def job_of(server: GearmanServer, function: bytes) -> JobDetails:
    """Return the one job of a function."""
    [job] = [job for job in server.jobs() if job.function == function]
    return job


@pytest.mark.parametrize("step", [-HOUR, HOUR])
def test_the_test_sets_the_system_clock_and_no_other(system_clock: SystemClock, step: int) -> None:
    """Python's ``time`` shows it in a process that runs already."""
    with subprocess.Popen(
        [sys.executable, "-c", _SHOW], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        before = [float(word) for word in process.stdout.readline().split()]
        system_clock.set(step)
        process.stdin.write("\n")
        process.stdin.flush()
        after = [float(word) for word in process.stdout.readline().split()]
        process.communicate("\n", PATIENCE)
    assert after[0] - before[0] == pytest.approx(step, abs=PATIENCE)
    assert 0 <= after[1] - before[1] < PATIENCE


def test_a_time_limit_ends_though_the_clock_is_set_back(
    server: GearmanServer, client: Speaker, system_clock: SystemClock
) -> None:
    """The job goes to another worker after two seconds, not after an hour."""
    with Speaker(server.port) as hanging, Speaker(server.port) as other:
        submit(client, b"f")
        take(hanging, b"f", 2)
        sleep(other, b"f")
        system_clock.set(-HOUR)
        assert other.hear() == (NOOP, b"")
        assert job_of(server, b"f").losses == 1


def test_a_running_job_is_not_run_twice_when_the_clock_is_set_forward(
    server: GearmanServer, client: Speaker, system_clock: SystemClock
) -> None:
    """Its limit of a minute is not over when another one, of a second, is."""
    with Speaker(server.port) as long, Speaker(server.port) as short, Speaker(server.port) as other:
        submit(client, b"long")
        take(long, b"long", 60)
        system_clock.set(HOUR)
        submit(client, b"short")
        take(short, b"short", 1)
        sleep(other, b"short")
        assert other.hear() == (NOOP, b"")
        assert (job_of(server, b"long").state, job_of(server, b"long").losses) == ("running", 0)


def test_a_delayed_job_is_due_when_the_clock_is_set_forward(
    tmp_path: Path, system_clock: SystemClock
) -> None:
    """Its worker is woken although nothing else happens, not even the upkeep of a queue file."""
    with (
        running(start_our_server(tmp_path)) as server,
        Speaker(server.port) as client,
        Speaker(server.port) as worker,
    ):
        sleep(worker, b"f")
        delay(client, b"f", system_clock.now() + HOUR // 2)
        assert not select.select([worker.link], [], [], 0.5)[0], "it is not due yet"
        system_clock.set(HOUR)
        assert worker.hear() == (NOOP, b"")


def test_a_delayed_job_is_not_run_early_when_the_clock_is_set_back(
    server: GearmanServer, client: Speaker, system_clock: SystemClock
) -> None:
    """It waits until the clock shows its time; so does one that is submitted afterwards."""
    with (
        Speaker(server.port) as worker,
        Speaker(server.port) as hanging,
        Speaker(server.port) as other,
    ):
        sleep(worker, b"before")
        worker.tell(req(CAN_DO, b"after"))
        delay(client, b"before", system_clock.now() + 2)
        submit(client, b"hang")
        take(hanging, b"hang", 4)
        sleep(other, b"hang")
        system_clock.set(-HOUR)
        delay(client, b"after", system_clock.now() + HOUR // 2)
        assert other.hear() == (NOOP, b"")  # four seconds have passed
        for function in (b"before", b"after"):
            job = job_of(server, function)
            assert job.state == "delayed"
            assert job.due_in is not None
            assert HOUR // 3 < job.due_in <= HOUR + 2
        system_clock.set(0)
        assert worker.hear() == (NOOP, b"")


@pytest.mark.parametrize("step", [-HOUR, HOUR])
def test_ages_do_not_jump(
    server: GearmanServer, client: Speaker, system_clock: SystemClock, step: int
) -> None:
    """Neither in a report, nor for a job that is submitted afterwards and loaded at a restart."""
    submit(client, b"before")
    system_clock.set(step)
    assert 0 <= job_of(server, b"before").age < PATIENCE
    submit(client, b"after")
    server.restart()
    assert 0 <= job_of(server, b"after").age < PATIENCE


def test_a_disk_that_has_room_again_is_used_though_the_clock_is_set_back(
    system_clock: SystemClock, tmp_path: Path
) -> None:
    """The store tries again after a second."""
    with (
        small_disk(tmp_path / "disk", 2000) as disk,
        running(GearmanServer(tmp_path, f"--sqlite-path={disk / 'queue.sqlite3'}")) as server,
        Speaker(server.port) as client,
    ):
        ballast = disk / "ballast"
        with ballast.open("wb", 0) as file, contextlib.suppress(OSError):
            while file.write(bytes(4096)):
                pass
        while submit(client, b"f", bytes(8192)) == JOB_CREATED:
            pass
        system_clock.set(-HOUR)
        ballast.unlink()
        log = server.log
        tries = 0
        while submit(client, b"f") != JOB_CREATED:
            tries += 1
            assert tries < PATIENCE / 0.05, log.read_text()
            with contextlib.suppress(subprocess.TimeoutExpired):
                server.process.wait(0.05)  # the pause between two tries, cut short by an exit
