"""The PID file is written and removed; other files at its path are kept."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gearman_tx.errors import ConfigurationError
from gearman_tx.gearmand.pid_file import PidFile


def test_written_and_removed(tmp_path: Path) -> None:
    """It holds the decimal id and a line end; the file of an old server is replaced."""
    path = tmp_path / "pid"
    path.write_text("1234567890\n", "utf-8")
    pid_file = PidFile(path)
    pid_file.write()
    assert path.read_text() == f"{os.getpid()}\n"
    pid_file.remove()
    assert not path.exists()
    pid_file.remove()


def test_a_new_server_has_its_own(tmp_path: Path) -> None:
    """A server that ends late does not remove the file of the next one."""
    path = tmp_path / "pid"
    pid_file = PidFile(path)
    pid_file.write()
    path.write_text("1\n", "utf-8")
    pid_file.remove()
    assert path.read_text() == "1\n"


def test_a_device_is_left_alone(tmp_path: Path) -> None:
    """``--pid-file=/dev/null`` writes nowhere, and removes nothing."""
    pid_file = PidFile(Path(os.devnull))
    pid_file.write()
    pid_file.remove()
    assert Path(os.devnull).is_char_device()
    with pytest.raises(ConfigurationError, match=f"cannot write {tmp_path}: Is a directory"):
        PidFile(tmp_path).write()
