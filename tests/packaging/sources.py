"""Copies of the files that a build needs, without what builds and runs left between them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

ROOT = Path(__file__).parents[2]
NEEDED = ("setup.py", "pyproject.toml", "README.rst", "LICENSE", "gearman_tx", "twisted")


def copy_sources(target: Path) -> Path:
    """Make the folder ``target`` with what ``pip install .`` needs in it, and return it."""
    target.mkdir()
    for name in NEEDED:
        if (ROOT / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "dropin.cache")
            shutil.copytree(ROOT / name, target / name, ignore=ignored)
        else:
            shutil.copy(ROOT / name, target / name)
    return target


def user_environment() -> dict[str, str]:
    """Return this process's environment without what points Python at this checkout or measures."""
    return {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COV"))
    }
