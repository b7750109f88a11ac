"""A queue that the C server leaves behind, and what our server makes of it after an import."""

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
"""Bytes of a process that takes over 100 MB; the drivers alone make it 70 MB large."""


class Job(NamedTuple):
    """What is known of a job that was taken over."""

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
        Job(b"sum", b"u6", NORMAL, b"1 2"),  # the C server forgets the reducer
    ),
    (
        NORMAL_BG,
        (b"resize", b"u" * 64, b"long"),
        Job(b"resize", b"u" * 63, NORMAL, b"long"),  # and the last byte of a long unique
    ),
    (
        NORMAL_BG,
        ("Größe".encode(), "é".encode(), b"utf-8"),
        Job("Größe".encode(), "é".encode(), NORMAL, b"utf-8"),
    ),
)
"""Packets, their fields, and the jobs that every store of the C server gives back."""

DELAYED = (EPOCH, (b"resize", b"u5", b"%d" % LATER, b"later"))
DELAYED_JOB = Job(b"resize", b"u5", NORMAL, b"later", LATER)

BYTES = (NORMAL_BG, (b"crop\xff", b"u\xfe", b"bytes"))
BYTES_JOB = Job(b"crop\xff", b"u\xfe", NORMAL, b"bytes")
"""Names that are no text."""

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
    """Let a C server take all jobs of this module; return those that its store can keep."""
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
    """Run ``gearman-tx import`` in ``folder``, but in this process, which is quicker."""
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
    """Run ``gearman-tx import`` in a process of its own; return the most memory that it had."""
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
    """Return what is in a queue file, in its order."""
    file = queue_file(path)
    file.open()
    jobs = read_all(file)
    file.close()
    assert [job.handle.rpartition(b":")[2] for job in jobs] == [b"%d" % job.id for job in jobs]
    assert all(job.reducer is None and job.losses == 0 and job.submitted for job in jobs)
    return [Job(job.function, job.unique, job.priority, job.workload, job.due) for job in jobs]


def drain(folder: Path, path: Path, jobs: Sequence[Job]) -> None:
    """Start our server on a queue file and do all jobs that are due; check them and their order."""
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
