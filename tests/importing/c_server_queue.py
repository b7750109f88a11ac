"""A queue that the C server leaves behind, its import, and our server on the result."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Sequence
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import NamedTuple

import pytest

from gearman_tx.cli import main
from gearman_tx.core import HIGH, LOW, NORMAL
from gearman_tx.wire import PacketType
from tests.daemon.peer import Peer
from tests.daemon.process import Done
from tests.store.files import queue_file, read_all
from tests.support.servers import running, start_c_server, start_our_server

LATER = 1_999_999_999
"""When the delayed job of these tests is due."""

BINARY = bytes(range(256))
LARGE = BINARY * 8192
"""A workload of two megabytes."""

NORMAL_BG = PacketType.SUBMIT_JOB_BG
HIGH_BG = PacketType.SUBMIT_JOB_HIGH_BG
LOW_BG = PacketType.SUBMIT_JOB_LOW_BG
EPOCH = PacketType.SUBMIT_JOB_EPOCH
REDUCE_BG = PacketType.SUBMIT_REDUCE_JOB_BACKGROUND


MEASURED = """
import sys
from gearman_tx.cli import main
assert main(["gearman-tx", "import", *sys.argv[1:]]) == 0
print(open("/proc/self/status").read())
"""
MOST_MEMORY = 130_000_000
"""Bytes of a process that imports 100 MB; with the drivers alone it has 70 MB."""


class Job(NamedTuple):
    """The fields of an imported job."""

    function: bytes
    unique: bytes
    priority: int
    workload: bytes
    due: float = 0.0


TASKS: tuple[tuple[PacketType, tuple[bytes, ...], Job], ...] = (
    (NORMAL_BG, (b"resize", b"u1", b"one"), Job(b"resize", b"u1", NORMAL, b"one")),
    (HIGH_BG, (b"resize", b"u2", b""), Job(b"resize", b"u2", HIGH, b"")),
    (LOW_BG, (b"crop", b"u3", BINARY), Job(b"crop", b"u3", LOW, BINARY)),
    (NORMAL_BG, (b"resize", b"u4", LARGE), Job(b"resize", b"u4", NORMAL, LARGE)),
    (NORMAL_BG, (b"resize", b"", b"none"), Job(b"resize", b"", NORMAL, b"none")),
    (NORMAL_BG, (b"resize", b"-", b"same"), Job(b"resize", b"-", NORMAL, b"same")),
    (NORMAL_BG, (b"crop", b"u1", b"other"), Job(b"crop", b"u1", NORMAL, b"other")),
    (NORMAL_BG, (b"resize", b"it's 100 %", b"q"), Job(b"resize", b"it's 100 %", NORMAL, b"q")),
    (
        REDUCE_BG,
        (b"sum", b"u6", b"reducer", b"-", b"1 2"),
        Job(b"sum", b"u6", NORMAL, b"1 2"),  # the C server does not store the reducer
    ),
    (
        NORMAL_BG,
        (b"resize", b"u" * 64, b"long"),
        Job(b"resize", b"u" * 63, NORMAL, b"long"),  # nor the last byte of a long unique
    ),
    (
        NORMAL_BG,
        ("Größe".encode(), "é".encode(), b"utf-8"),
        Job("Größe".encode(), "é".encode(), NORMAL, b"utf-8"),
    ),
)
"""Packets, their fields, and the jobs in every store of the C server."""

DELAYED = (EPOCH, (b"resize", b"u5", b"%d" % LATER, b"later"))
DELAYED_JOB = Job(b"resize", b"u5", NORMAL, b"later", LATER)

BYTES = (NORMAL_BG, (b"crop\xff", b"u\xfe", b"bytes"))
BYTES_JOB = Job(b"crop\xff", b"u\xfe", NORMAL, b"bytes")
"""A job whose names are not valid UTF-8."""

JOBS = [job for _, _, job in TASKS]


def leave_behind(
    folder: Path, tasks: Sequence[tuple[PacketType, tuple[bytes, ...]]], *options: str
) -> list[PacketType]:
    """Submit to a C server with ``options``, then kill it; return the types of its answers."""
    with running(start_c_server(folder, *options)) as server:
        with Peer(server.port) as client:
            answers = []
            for kind, fields in tasks:
                client.send(kind, *fields)
                answers.append(client.receive()[0])
        server.kill()
    return answers


def leave_all(folder: Path, *options: str, delayed: bool = True, odd: bool = True) -> list[Job]:
    """Submit the jobs of this module to a C server, then kill it; return those jobs."""
    tasks = [(kind, fields) for kind, fields, _ in TASKS]
    jobs = list(JOBS)
    for wanted, task, job in ((delayed, DELAYED, DELAYED_JOB), (odd, BYTES, BYTES_JOB)):
        if wanted:
            tasks.append(task)
            jobs.append(job)
    answers = leave_behind(folder, tasks, *options)
    assert answers == [PacketType.JOB_CREATED] * len(tasks)
    return jobs


def take(folder: Path, *words: str, **variables: str) -> Done:
    """Run ``gearman-tx import`` in ``folder``, in this process, which is faster."""
    out, err = TextIOWrapper(BytesIO()), TextIOWrapper(BytesIO())
    with (
        pytest.MonkeyPatch.context() as patch,
        contextlib.chdir(folder),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        for name, value in variables.items():
            patch.setenv(name, value)
        status = main(["gearman-tx", "import", *words])
    return Done(status, _written(out), _written(err))


def _written(stream: TextIOWrapper) -> str:
    stream.seek(0)
    return stream.read()


def peak_of(folder: Path, *words: str, **variables: str) -> int:
    """Run ``gearman-tx import`` in its own process; return its largest memory, in bytes."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, *words],
        cwd=folder,
        env={**os.environ, **variables},
        capture_output=True,
        check=True,
        text=True,
    )
    (peak,) = (line for line in done.stdout.splitlines() if line.startswith("VmHWM"))
    return int(peak.split()[1]) * 1024


def stored(path: Path) -> list[Job]:
    """Return the jobs in a queue file, in their order."""
    file = queue_file(path)
    file.open()
    jobs = read_all(file)
    file.close()
    assert [job.handle.rpartition(b":")[2] for job in jobs] == [b"%d" % job.id for job in jobs]
    assert all(job.reducer is None and job.losses == 0 and job.submitted for job in jobs)
    return [Job(job.function, job.unique, job.priority, job.workload, job.due) for job in jobs]


def drain(folder: Path, path: Path, jobs: Sequence[Job]) -> None:
    """Run all due jobs of a queue file with our server; check them and their order."""
    due = [job for job in jobs if not job.due]
    with (
        running(start_our_server(folder, f"--sqlite-path={path}", "--queue-type=sqlite")) as server,
        Peer(server.port) as worker,
    ):
        done = []
        for function in {job.function for job in jobs}:
            worker.send(PacketType.CAN_DO, function)
        for _ in due:
            worker.send(PacketType.GRAB_JOB_UNIQ)
            kind, (handle, function, unique, *parts) = worker.receive()
            assert kind == PacketType.JOB_ASSIGN_UNIQ
            done.append((function, unique, b"\0".join(parts)))
            worker.send(PacketType.WORK_COMPLETE, handle, b"")
        worker.send(PacketType.GRAB_JOB)
        assert worker.receive()[0] == PacketType.NO_JOB
        assert server.stop() in {0, -15}
    assert sorted(done) == sorted((job.function, job.unique, job.workload) for job in due)
    priorities = {(job.function, job.unique): job.priority for job in due}
    assert [priorities[function, unique] for function, unique, _ in done] == sorted(
        job.priority for job in due
    )
    assert stored(path) == [job for job in jobs if job.due]


def check_import(  # the source has four of them
    folder: Path, path: Path, jobs: Sequence[Job], address: str, name: str, **variables: str
) -> None:
    """Import a queue from ``address`` and check the report and the jobs; a worker runs them.

    Args:
        folder: where to run the command.
        path: the queue file that the command makes.
        jobs: the jobs of the source, in their order.
        address: the source.
        name: the beginning of the name of the source in the report.
        variables: environment variables of the command.
    """
    done = take(folder, address, **variables)
    assert done.status == 0, done
    assert f"{len(jobs)} jobs of {name}" in done.out
    assert stored(path) == jobs
    drain(folder, path, jobs)


def check_many_jobs(folder: Path, path: Path, address: str, **variables: str) -> None:
    """Import and delete 10,000 jobs of 10,000 bytes; check their order and the memory."""
    assert peak_of(folder, address, "--delete", **variables) < MOST_MEMORY
    assert [job.unique for job in stored(path)] == [b"u%d" % number for number in range(1, 10_001)]
