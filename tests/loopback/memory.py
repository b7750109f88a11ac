"""How much memory a process has, as the kernel counts it."""

from __future__ import annotations

from pathlib import Path

from gearman_tx.testing import ServerProcess

MEBIBYTE = 1 << 20


def resident(server: ServerProcess) -> int:
    """Return how many bytes of memory the process of ``server`` occupies now."""
    return _field(server, "VmRSS")


def reserved(server: ServerProcess) -> int:
    """Return how many bytes of address space the process of ``server`` has."""
    return _field(server, "VmSize")


def _field(server: ServerProcess, name: str) -> int:
    for line in Path(f"/proc/{server.pid}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    raise AssertionError(f"the kernel says nothing of {name}")
