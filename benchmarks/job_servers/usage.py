"""The kernel's counts of a process."""

from __future__ import annotations

from pathlib import Path

from benchmarks.errors import BenchmarkError


def resident_bytes(pid: int) -> int:
    """Return how much memory a process occupies.

    Raises:
        BenchmarkError: there is no such process, or no ``/proc``.
    """
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    except OSError as error:
        raise BenchmarkError(f"the kernel tells nothing of process {pid}: {error}") from error
    for line in lines:
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise BenchmarkError(f"the kernel tells no memory of process {pid}: it has ended")
