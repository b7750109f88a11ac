"""The package of this checkout with its compiled rooms, built at first use and kept."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Final

from benchmarks.errors import BenchmarkError
from benchmarks.job_servers.programs import cache_folder

ROOT: Final = Path(__file__).parents[2]
_BUILT_FROM: Final = (
    "README.rst",
    "building",
    "gearman_tx",
    "pyproject.toml",
    "setup.py",
    "twisted",
)


@cache
def compiled_package() -> Path:
    """Return a folder for ``PYTHONPATH`` in which the package of this checkout is compiled.

    Its path depends on the sources and the interpreter, so a change of either makes a new folder.
    Compiling takes about a minute.

    Raises:
        BenchmarkError: compiling failed.
    """
    digest = hashlib.sha256(sys.version.encode())
    for path in sorted((ROOT / "gearman_tx").rglob("*.py")):
        digest.update(path.read_bytes())
    for name in ("setup.py", "pyproject.toml", "building/hot_path.txt"):
        digest.update((ROOT / name).read_bytes())
    folder = cache_folder() / digest.hexdigest()[:16]
    if not folder.exists():
        unfinished = folder.with_name(f"{folder.name}.{os.getpid()}")
        unfinished.mkdir(parents=True)
        for name in _BUILT_FROM:
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            copy(ROOT / name, unfinished / name)
        done = subprocess.run(
            [sys.executable, "setup.py", "-q", "build_ext", "--inplace"],
            cwd=unfinished,
            env={**os.environ, "GEARMAN_TX_COMPILE": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            shutil.rmtree(unfinished)
            raise BenchmarkError(f"the package cannot be compiled:\n{done.stderr.strip()}")
        unfinished.rename(folder)
    return folder
