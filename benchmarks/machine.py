"""The machine of a run: the hardware, the system and the versions of the programs."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmarks.job_servers.contenders import c_program


def describe(folder: Path) -> dict[str, str]:
    """Return the names and values of everything that may affect the figures.

    Args:
        folder: the folder of the queue files; its file system matters.
    """
    load = os.getloadavg()[0]
    return {
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        "system": f"{_distribution()}, Linux {platform.release()}",
        "file system": _file_system(folder),
        "load at the start": f"{load:.2f}",
        "gearman_tx": _version("gearman-tx"),
        "Python": _python(),
        "Twisted": _version("twisted"),
        "C gearmand": _c_version(),
        "C compiler": _first_line("cc", "--version"),
    }


def _python() -> str:
    """Return which Python it is; distributions build theirs with all optimizations."""
    owner = ", the distribution's" if sys.base_prefix == "/usr" else ""
    return f"{platform.python_implementation()} {platform.python_version()}{owner}"


def _processor() -> str:
    for line in _lines(Path("/proc/cpuinfo")):
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()


def _distribution() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return platform.system()


def _file_system(folder: Path) -> str:
    """Return the type of the file system of ``folder``: the longest mount point above it."""
    place, best = str(folder.resolve()), ("", "unknown")
    for line in _lines(Path("/proc/mounts")):
        _, mount, kind = line.split()[:3]
        if (place + "/").startswith(mount.rstrip("/") + "/") and len(mount) >= len(best[0]):
            best = (mount, kind)
    return best[1]


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _c_version() -> str:
    program = c_program()
    if program is None:
        return "not installed, so nothing is compared with it"
    return _first_line(program, "--version").partition(" - ")[0].removeprefix("gearmand ")


def _first_line(*command: str) -> str:
    if shutil.which(command[0]) is None:
        return "not installed"
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return (done.stdout + done.stderr).strip().partition("\n")[0]
