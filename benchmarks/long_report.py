"""``python -m benchmarks.long_report``: what a long report of ``gearman-tx`` costs.

A job server of ours holds many jobs. The text command ``jobs``, read through a socket by a program
of a few lines, is the floor: what the report costs without being understood. Each form of
``gearman-tx jobs`` is measured beside it, and so is a reader who takes the first lines only. The
figure is the time of the processor that the program takes, its start included, as the ratio to the
floor.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Final

import click

from gearman_tx.testing import GearmanServer

TARGET: Final = 1.0
"""Seconds of the processor that ``gearman-tx jobs`` may take for 20,000 jobs."""

_GEARMAN_TX: Final = (sys.executable, "-m", "gearman_tx")
_RAW: Final = """
import socket, sys
with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as link:
    link.sendall(b"jobs\\n")
    reply = bytearray()
    while not reply.endswith(b"\\n.\\n"):
        reply += link.recv(1 << 20)
    sys.stdout.buffer.write(reply)
"""
_FORMS: Final = ("table", "tsv", "jsonl", "json")


def seconds_of(command: Sequence[str], *, lines: int | None = None) -> float:
    """Run ``command`` and return its seconds of the processor, in user mode and in the kernel.

    Args:
        command: its words.
        lines: how many lines of its output are read before it is closed; None reads all.
    """
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert process.stdout is not None
    with process.stdout as output:
        if lines is None:
            while output.read(1 << 20):
                pass
        else:
            for _ in range(lines):
                output.readline()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode and lines is None:
        raise click.ClickException(f"{command[-1]} ended with {process.returncode}")
    return usage.ru_utime + usage.ru_stime


def measure(port: int, rounds: int) -> dict[str, float]:
    """Return the median seconds of each way to get the report, in turn for several rounds."""
    jobs = [*_GEARMAN_TX, "jobs", "--server", f"127.0.0.1:{port}"]
    raw = [sys.executable, "-c", _RAW, str(port)]
    ways: dict[str, tuple[list[str], int | None]] = {"text command": (raw, None)}
    ways |= {f"jobs -o {form}": ([*jobs, "-o", form], None) for form in _FORMS}
    ways["jobs | head -3"] = (jobs, 3)
    found: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, (command, lines) in ways.items():
            found[name].append(seconds_of(command, lines=lines))
    return {name: median(times) for name, times in found.items()}


@click.command()
@click.option("--jobs", "count", type=click.IntRange(min=1), default=20_000, show_default=True)
@click.option("--rounds", type=click.IntRange(min=1), default=3, show_default=True)
@click.option("--check", is_flag=True, help="Exit with 3 if the table takes a second or more.")
def main(count: int, rounds: int, check: bool) -> None:  # noqa: FBT001  # click passes it by name
    """Measure what a long report of gearman-tx costs beside the text command."""
    with tempfile.TemporaryDirectory() as folder:
        server = GearmanServer(Path(folder), "--queue-type=builtin")
        try:
            words = ("submit", "--lines", "--background", "--server", f"127.0.0.1:{server.port}")
            lines = "".join(f"{number}\n" for number in range(count)).encode()
            subprocess.run(
                [*_GEARMAN_TX, *words, "long"],
                input=lines,
                stdout=subprocess.DEVNULL,
                check=True,
            )
            found = measure(server.port, rounds)
        finally:
            server.stop(signal.SIGTERM)
    floor = found["text command"]
    click.echo(f"{count:,} jobs")
    for name, seconds in found.items():
        click.echo(f"{name:16}{seconds:8.2f} s of CPU{seconds / floor:8.1f} times the floor")
    if check and found["jobs -o table"] >= TARGET:
        raise click.exceptions.Exit(3)


if __name__ == "__main__":
    main()
