"""What is made once for all processes that run the tests: installations and compiled programs."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from pathlib import Path

import pytest


def run_folder(factory: pytest.TempPathFactory) -> Path:
    """Return the temporary folder of this run, which is the same in all of its processes."""
    base = factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


def kept_folder(config: pytest.Config, factory: pytest.TempPathFactory, name: str) -> Path:
    """Return a folder of pytest's cache, or of this run where the cache is switched off."""
    if config.pluginmanager.hasplugin("cacheprovider"):
        assert config.cache is not None
        return Path(config.cache.mkdir(name))
    folder = run_folder(factory) / name
    folder.mkdir(exist_ok=True)
    return folder


def make_once(folder: Path, version: bytes, make: Callable[[Path], None]) -> Path:
    """Return ``folder`` with something made in it, once, while other processes wait.

    Args:
        folder: where it is; it exists.
        version: what it is made from; with another version it is made again.
        make: makes it in the folder.
    """
    done = folder / "made-from"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists() or done.read_bytes() != version:
            make(folder)
            done.write_bytes(version)
    return folder
