"""The log files of twistd and twist, which are reopened."""

from __future__ import annotations

from pathlib import Path

import pytest
from twisted.logger import LogLevel

from gearman_tx.daemon.twisted_log import TwistdLog, TwistLog
from gearman_tx.errors import ConfigurationError

SIZE = 1_000_000
"""The size at which twistd begins another file."""


def test_a_full_file_of_twistd(tmp_path: Path) -> None:
    """The next line begins another file, as with the log that twistd opens itself."""
    path = tmp_path / "twistd.log"
    path.write_bytes(b"x" * SIZE)
    log = TwistdLog(str(path))
    log.write("next\n")
    log.close()
    assert path.read_text() == "next\n"
    assert (tmp_path / "twistd.log.1").stat().st_size == SIZE


def test_lines_of_twistd(tmp_path: Path) -> None:
    """They have the form of twistd's, before and after the file is reopened."""
    path = tmp_path / "twistd.log"
    log = TwistdLog(str(path))
    event = {"log_time": 0.0, "log_format": "words", "log_level": LogLevel.info}
    observer = log.observer("text")
    observer(event)
    path.rename(tmp_path / "moved")
    log.reopen()
    observer(event)
    log.close()
    assert path.read_text() == (tmp_path / "moved").read_text()
    assert "words" in path.read_text()


def test_a_file_that_cannot_be_opened(tmp_path: Path) -> None:
    """At the start that is an error in one line; later the old file stays in use."""
    with pytest.raises(ConfigurationError, match="cannot write the log file /nowhere/log: No such"):
        TwistdLog("/nowhere/log")
    folder = tmp_path / "log"
    folder.mkdir()
    log = TwistdLog(str(folder / "log"))
    with (folder / "twist").open("a") as stream:
        other = TwistLog(folder / "twist", stream)
        folder.rename(tmp_path / "moved")
        for one in (log, other):
            with pytest.raises(FileNotFoundError):
                one.reopen()
        log.write("on\n")
        stream.write("on\n")
    log.flush()
    log.close()
    assert (tmp_path / "moved" / "log").read_text() == "on\n"
    assert (tmp_path / "moved" / "twist").read_text() == "on\n"
