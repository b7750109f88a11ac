"""The memory of large buffers is used again, and not given back to the system each time."""

from __future__ import annotations

import platform
import subprocess
import sys

PROGRAM = """
import resource
from gearman_tx.daemon.allocator import keep_memory

def faults_of_a_round():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    buffers = [b"x" * 262144 for _ in range(32)]
    del buffers
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

faults_of_a_round()
before = faults_of_a_round()
is_told = keep_memory()
faults_of_a_round()
print(before, is_told, faults_of_a_round())
"""


def test_large_buffers_are_not_cleared_by_the_system_again_and_again() -> None:
    """The second round of eight mebibytes finds the memory of the first, once it is told to."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    before, is_told, after = done.stdout.split()
    is_glibc = platform.libc_ver()[0] == "glibc"
    assert is_told == str(is_glibc)
    if is_glibc:
        assert int(after) < 200 < int(before)
