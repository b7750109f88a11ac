"""The load programs and the floor: C, compiled at first use and kept for the next time."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sysconfig
from functools import cache
from pathlib import Path
from typing import Final

from benchmarks.errors import BenchmarkError

SOURCES: Final = Path(__file__).parents[1] / "load"

TLS: Final = ("-DWITH_TLS", "-lssl", "-lcrypto")
"""Compiles a load program so that it can speak TLS."""


def cache_folder() -> Path:
    """Return where compiled programs are kept: under ``XDG_CACHE_HOME``, or ``~/.cache``."""
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "gearman_tx" / "benchmarks"


@cache
def compiled(name: str, *options: str) -> str:
    """Return the path of the program made of ``load/<name>.c``.

    Its path depends on the sources, the options and the machine, so a change of any of them makes a
    new program and an outdated one never runs.

    Args:
        name: the source's name without its suffix.
        options: further words for the compiler.

    Raises:
        BenchmarkError: there is no C compiler, or compiling failed.
    """
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        raise BenchmarkError("the load programs need a C compiler: apt-get install gcc libc6-dev")
    sources = sorted(SOURCES.glob("*.[ch]"))
    parts = [*(path.read_bytes() for path in sources), compiler.encode(), *map(str.encode, options)]
    parts.append(sysconfig.get_platform().encode())
    digest = hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]
    program = cache_folder() / digest / name
    if not program.exists():
        program.parent.mkdir(parents=True, exist_ok=True)
        unfinished = program.with_name(f"{name}.{os.getpid()}")
        flags = [word for word in options if word.startswith("-D")]
        libraries = [word for word in options if word.startswith("-l")]
        command = [compiler, "-O2", *flags, "-o", str(unfinished), str(SOURCES / f"{name}.c")]
        done = subprocess.run([*command, *libraries], capture_output=True, text=True, check=False)
        if done.returncode:
            hint = "\nTLS needs OpenSSL: apt-get install libssl-dev" if libraries else ""
            text = done.stderr.strip() + hint
            raise BenchmarkError(f"{compiler} cannot compile {name}.c:\n{text}")
        unfinished.replace(program)
    return str(program)
