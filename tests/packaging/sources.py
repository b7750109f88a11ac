"""Copies of the files that a build needs, without what builds and runs left between them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

ROOT = Path(__file__).parents[2]
NEEDED = (
    "setup.py",
    "pyproject.toml",
    "README.rst",
    "LICENSE",
    "building",
    "gearman_tx",
    "twisted",
)
COMPILE = "GEARMAN_TX_COMPILE"


def copy_sources(target: Path) -> Path:
    """Make the folder ``target`` with what ``pip install .`` needs in it, and return it."""
    target.mkdir()
    for name in NEEDED:
        if (ROOT / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "dropin.cache", "*.so")
            shutil.copytree(ROOT / name, target / name, ignore=ignored)
        else:
            shutil.copy(ROOT / name, target / name)
    return target


def user_environment() -> dict[str, str]:
    """Return this process's environment without what points Python at this checkout or measures.

    What is installed in it stays uncompiled, because compiling takes a minute; ``.ci/compiled`` has
    that minute. Nor does pip make byte code, of which few modules are used: Python makes that.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "PYTEST", "COV"))
    }
    return {**kept, COMPILE: "0", "PIP_NO_COMPILE": "1"}


def compiling_environment() -> dict[str, str]:
    """Return the same environment, in which compiling is neither asked for nor forbidden."""
    return {name: value for name, value in user_environment().items() if name != COMPILE}
