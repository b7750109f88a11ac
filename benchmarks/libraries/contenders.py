"""The table of client libraries: ours in two ways, the other Python ones, and libgearman.

All meet the C server with the number of threads that it has by default. Ours appears twice as a
worker: a plain function runs in a thread by default, and one that does not wait may run in
the reactor.
"""

from __future__ import annotations

import contextlib
import importlib.util
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from attrs import frozen

from benchmarks.job_servers import settings
from benchmarks.job_servers.contenders import c_server
from benchmarks.job_servers.server import Server, serving
from benchmarks.kind import Kind
from benchmarks.libraries.library import Library, libgearman

ROOT: Final = Path(__file__).parents[2]

OURS: Final = "ours"
PYTHON: Final = "python"
C: Final = "libgearman"

THREADS: Final = 4
"""Threads of the job server: the C server's default."""

_GEAR_SHARE: Final = 0.002  # its worker waits 40 ms for TCP's acknowledgement at each job


@frozen
class LibraryContender:
    """A client library that is measured.

    Attributes:
        name: what it is called on the command line and in JSON.
        title: what it is called in a table.
        family: ``ours``, ``python`` or ``libgearman``.
        package: what must be installed for it, if it is one of Python's.
        program: the module that runs it, if it is one of Python's.
        more: further words for its worker.
        share: the part of the usual number of jobs that its worker gets.
    """

    name: str
    title: str
    family: str
    package: str = ""
    program: str = ""
    more: Sequence[str] = ()
    share: float = 1.0

    def absence(self, kind: Kind[Library]) -> str | None:
        """Return why it takes no part in ``kind``, or None if it does."""
        missing = c_server(THREADS).missing
        if missing is not None:
            return f"the C server is {missing}"
        if self.package and importlib.util.find_spec(self.package) is None:
            return f"not installed: pip install {self.package}"
        if not self.package and not Path("/usr/include/libgearman-1.0/gearman.h").exists():
            return "not installed: apt-get install libgearman-dev"
        for name in (self.name, self.family):
            if name in kind.without:
                return kind.without[name]
        return None

    @contextlib.contextmanager
    def open(self, kind: Kind[Library], folder: Path) -> Iterator[Library]:
        """Start a job server for it, and stop it at the end."""
        del kind
        words = c_server(THREADS).words
        server = Server(
            self.name, self.family, lambda port: words(settings.MEMORY, folder, port), folder
        )
        with serving(server):
            module = f"benchmarks.libraries.programs.{self.program}"
            program = ["env", f"PYTHONPATH={ROOT}", sys.executable, "-m", module]
            if not self.program:
                program = libgearman("", "")[:1]
            yield Library(server, program, self.more, self.share)


CONTENDERS: Final = (
    LibraryContender(OURS, "gearman_tx", OURS, "gearman_tx", "of_gearman_tx"),
    LibraryContender(
        "ours-reactor",
        "gearman_tx, in the reactor",
        OURS,
        "gearman_tx",
        "of_gearman_tx",
        more=("reactor",),
    ),
    LibraryContender("pygearman", "pygearman", PYTHON, "gearman", "of_pygearman"),
    LibraryContender("gear", "gear", PYTHON, "gear", "of_gear", share=_GEAR_SHARE),
    LibraryContender(C, "libgearman", C),
)


def contenders(_variants: Sequence[tuple[str, str]] = ()) -> list[LibraryContender]:
    """Return all libraries that can be measured; ours has no variants."""
    return list(CONTENDERS)
