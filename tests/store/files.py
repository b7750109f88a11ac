"""Queue files for tests, and faults for them: locks, full disks, damage."""

from __future__ import annotations

import contextlib
import os
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from gearman_tx.core import JobRecord
from gearman_tx.store.port import StoreLostError
from gearman_tx.store.sqlite.opening import Opening
from gearman_tx.store.sqlite.queue_file import QueueFile
from gearman_tx.store.sqlite.schema import PAGE_SIZE

COMMON_USER = 65534
PATIENCE = 0.2
"""How long queue files wait for a lock in tests, in seconds."""

_HOLD = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
sys.stdin.read()
"""


def queue_file(path: Path, **options: Any) -> QueueFile:
    """Return the queue file at ``path``, not open."""
    return QueueFile(path, Opening(time.time, **{"busy_seconds": PATIENCE, **options}))


def read_all(file: QueueFile) -> list[JobRecord]:
    """Return all jobs of an open file; go on reading if it had to be salvaged."""
    found: list[JobRecord] = []
    after = -1
    while True:
        try:
            some = file.read(after, 100)
        except StoreLostError:
            continue
        if not some:
            return found
        found += some
        after = some[-1].id


def stored(path: Path) -> list[int]:
    """Return the ids of the jobs in a file, read by another connection than the server's."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return [number for (number,) in connection.execute("SELECT id FROM job ORDER BY id")]


@contextlib.contextmanager
def locked_by_another_process(path: Path) -> Iterator[None]:
    """Hold an exclusive transaction on ``path`` in another process."""
    command = [sys.executable, "-c", _HOLD, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"locked\n"
        try:
            yield
        finally:
            process.communicate(timeout=10)


@contextlib.contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    """Limit the files of this process to ``size`` bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@contextlib.contextmanager
def small_disk(folder: Path, kilobytes: int) -> Iterator[Path]:
    """Yield a file system of ``kilobytes``; only root can mount one."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small file system")
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", folder], check=False
    )
    if mounted.returncode:
        pytest.skip("this root cannot mount a file system")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


@contextlib.contextmanager
def common_user() -> Iterator[Path]:
    """Run as a user without root's rights; yield a folder of that user."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if os.geteuid() != 0:
            yield folder
            return
        os.chown(folder, COMMON_USER, COMMON_USER)
        os.seteuid(COMMON_USER)
        try:
            yield folder
        finally:
            os.seteuid(0)


def ids(records: Sequence[JobRecord]) -> list[int]:
    """Return the ids of jobs."""
    return [record.id for record in records]


Damage = Callable[[bytes], bytes]
"""Returns the damaged contents of a page."""


def zeros(page: bytes) -> bytes:
    """Return a page that was never written."""
    return bytes(len(page))


def damage(path: Path, number: int, how: Damage) -> None:
    """Damage page ``number`` of the file at ``path``."""
    with path.open("r+b") as file:
        file.seek((number - 1) * PAGE_SIZE)
        page = file.read(PAGE_SIZE)
        file.seek((number - 1) * PAGE_SIZE)
        file.write(how(page))
