"""The process of a job server is tuned: its garbage collector, and its memory allocator."""

from __future__ import annotations

import gc
import platform
import subprocess
import sys

from twisted.internet.task import Clock

from gearman_tx.daemon.free_memory import Allocator, FreeMemory
from gearman_tx.daemon.process_tuning import FREEZE_EVERY, ProcessTuning

ALLOCATING_PROGRAM = """
import resource
from twisted.internet.task import Clock
from gearman_tx.daemon.free_memory import Allocator, FreeMemory
from gearman_tx.daemon.process_tuning import ProcessTuning, keep_memory

def faults_of_a_round():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    buffers = [b"x" * 262144 for _ in range(32)]
    del buffers
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

faults_of_a_round()
before = faults_of_a_round()
ProcessTuning([], FreeMemory(Clock(), Allocator())).start()
faults_of_a_round()
print(before, faults_of_a_round(), keep_memory())
"""


def test_the_program_is_frozen_and_unfrozen() -> None:
    """Starting hides all objects from the collector; stopping restores it."""
    before = gc.get_threshold()
    tuning = ProcessTuning([], FreeMemory(Clock(), Allocator()))
    tuning.start()
    assert gc.get_freeze_count() > 1000
    assert gc.get_threshold() != before
    tuning.stop()
    assert gc.get_freeze_count() == 0
    assert gc.get_threshold() == before


def test_many_jobs_are_frozen_and_unfrozen_when_they_are_gone() -> None:
    """The collector examines no more than ``FREEZE_EVERY`` jobs; few jobs are not frozen."""
    jobs: list[list[int]] = []
    tuning = ProcessTuning(jobs, FreeMemory(Clock(), Allocator()))
    try:
        jobs.extend([] for _ in range(FREEZE_EVERY - 1))
        tuning.adjust()
        assert gc.get_freeze_count() == 0
        jobs.append([])
        tuning.adjust()
        first = gc.get_freeze_count()
        assert first >= FREEZE_EVERY
        jobs.extend([] for _ in range(FREEZE_EVERY))
        tuning.adjust()
        assert gc.get_freeze_count() >= first + FREEZE_EVERY
        del jobs[FREEZE_EVERY // 2 :]
        tuning.adjust()
        assert gc.get_freeze_count() > 0
        jobs.pop()
        tuning.adjust()
        assert gc.get_freeze_count() == 0
    finally:
        tuning.stop()


def test_the_memory_of_large_buffers_is_reused() -> None:
    """Once the process is tuned, a second round of 8 MiB uses the memory of the first."""
    done = subprocess.run(
        [sys.executable, "-c", ALLOCATING_PROGRAM], capture_output=True, text=True, check=True
    )
    before, after, is_supported = done.stdout.split()
    is_glibc = platform.libc_ver()[0] == "glibc"
    assert is_supported == str(is_glibc)
    if is_glibc:
        assert int(after) < 200 < int(before)
