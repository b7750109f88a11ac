"""The verbosity of the log, and its destination."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from twisted.logger import LogEvent, Logger, LogLevel

from gearman_tx.admin import VERBOSITIES
from gearman_tx.daemon.log import LEVELS, LogFile, Verbosity, open_log
from gearman_tx.errors import ConfigurationError

LEVELS_UPWARDS = ("debug", "info", "warn", "error", "critical")


def lines(name: str) -> list[str]:
    """Return those of a few lines that are logged at verbosity ``name``."""
    seen: list[LogEvent] = []
    keep: Any = seen.append  # any function is an observer
    observer = Verbosity(name).filtered(keep)
    for source in ("gearman_tx.server", "twisted.internet"):
        logger = Logger(source, observer=observer)
        for level in LEVELS_UPWARDS:
            event = f"{source.partition('.')[0]} {level}"
            logger.emit(LogLevel.levelWithName(level), "{text}", text=event)
    observer({"log_time": 0.0, "text": "no level"})
    return [event["text"] for event in seen]


def test_the_levels_are_the_c_servers() -> None:
    """The text command ``verbose`` returns the same names."""
    assert tuple(LEVELS) == VERBOSITIES


@pytest.mark.parametrize(
    ("name", "ours", "twisteds"),
    [
        ("FATAL", "critical", "critical"),
        ("ALERT", "critical", "critical"),
        ("CRITICAL", "critical", "critical"),
        ("ERROR", "error", "error"),
        ("WARNING", "warn", "warn"),
        ("NOTICE", "info", "warn"),
        ("INFO", "info", "warn"),
        ("DEBUG", "debug", "debug"),
    ],
)
def test_verbosity(name: str, ours: str, twisteds: str) -> None:
    """Each level includes those above it; Twisted's lines of no consequence come with DEBUG."""
    expected = [f"gearman_tx {level}" for level in from_level(ours)]
    expected += [f"twisted {level}" for level in from_level(twisteds)]
    assert lines(name) == expected + ["no level"] * (name == "DEBUG")


def from_level(level: str) -> tuple[str, ...]:
    """Return ``level`` and those above it."""
    return LEVELS_UPWARDS[LEVELS_UPWARDS.index(level) :]


def test_a_log_file_goes_on_where_it_ended(tmp_path: Path) -> None:
    """Lines of another server are kept; invalid characters are escaped."""
    path = tmp_path / "log"
    path.write_text("before\n", "utf-8")
    log_file = LogFile(str(path))
    log_file.write("\udcff \u00e9\n")
    log_file.flush()
    assert path.read_text("utf-8") == "before\n\\udcff \u00e9\n"
    log_file.close()


def test_a_log_file_is_opened_anew(tmp_path: Path) -> None:
    """If the new file cannot be opened, the old one stays in use."""
    folder = tmp_path / "log"
    folder.mkdir()
    log_file = LogFile(str(folder / "log"))
    folder.rename(tmp_path / "moved")
    with pytest.raises(FileNotFoundError):
        log_file.reopen()
    log_file.write("on\n")
    log_file.flush()
    assert (tmp_path / "moved" / "log").read_text() == "on\n"
    folder.mkdir()
    log_file.reopen()
    log_file.write("new\n")
    log_file.close()
    assert (folder / "log").read_text() == "new\n"


def test_open_log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """``stderr`` and ``none`` are not files; other names are."""
    event: LogEvent = {"log_time": 0.0, "log_format": "words", "log_level": LogLevel.info}
    for name in ("stderr", "none"):
        observer, log_file = open_log(name)
        observer(event)
        assert log_file is None
    assert capsys.readouterr().err.count("words") == 1
    observer, log_file = open_log(str(tmp_path / "log"))
    observer(event)
    assert log_file is not None
    log_file.close()
    assert "words" in (tmp_path / "log").read_text()
    with pytest.raises(ConfigurationError, match="cannot write the log file /nowhere/log"):
        open_log("/nowhere/log")
