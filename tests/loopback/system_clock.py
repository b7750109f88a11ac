"""The system clock of the programs that a test starts: the test sets it back and forward."""

from __future__ import annotations

import mmap
import os
import struct
import subprocess
import time
from pathlib import Path
from typing import Final

import pytest

from tests.support.peers import require_program
from tests.support.sharing import make_once

SOURCE: Final = Path(__file__).with_name("system_clock.c")

HOUR: Final = 3600


class SystemClock:
    """The clock that programs see which are started while it is installed.

    Args:
        folder: a folder of the test, for the file that holds the setting.
        library: the compiled ``system_clock.c``.
    """

    def __init__(self, folder: Path, library: Path) -> None:
        self._library = library
        self._path = folder / "system-clock"
        self._path.write_bytes(bytes(mmap.PAGESIZE))
        self._ahead = 0

    def install(self, patch: pytest.MonkeyPatch) -> None:
        """Give the clock to all programs that are started from now on."""
        patch.setenv("LD_PRELOAD", str(self._library))
        patch.setenv("SYSTEM_CLOCK_FILE", str(self._path))

    def set(self, ahead: int) -> None:
        """Set it: so many seconds ahead of the true time, or behind it if negative."""
        self._ahead = ahead
        descriptor = os.open(self._path, os.O_WRONLY)
        try:
            os.pwrite(descriptor, struct.pack("q", ahead), 0)
        finally:
            os.close(descriptor)

    def now(self) -> int:
        """Return the time that the programs see, in whole Unix seconds."""
        return int(time.time()) + self._ahead


def compile_library(folder: Path) -> Path:
    """Return the compiled ``system_clock.c``; skip the test where no compiler is installed."""
    compiler = require_program("gcc", "apt-get install gcc libc6-dev")

    def compile_it(folder: Path) -> None:
        command = [compiler, "-Wall", "-Wextra", "-O1", "-shared", "-fPIC"]
        subprocess.run([*command, "-o", str(folder / "clock.so"), str(SOURCE)], check=True)

    folder.mkdir(exist_ok=True)
    return make_once(folder, SOURCE.read_bytes(), compile_it) / "clock.so"
