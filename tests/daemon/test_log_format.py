"""How an event is written: as text, as JSON, for the journal of systemd."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path
from typing import Any

import pytest
from twisted.logger import LogEvent, Logger, LogLevel
from twisted.python.failure import Failure

from gearman_tx.daemon.log import write_to
from gearman_tx.daemon.log_format import as_journal, as_json, as_text, is_journal


def logged(level: str, text: str, **fields: Any) -> LogEvent:
    """Return the event of one line."""
    seen: list[LogEvent] = []
    keep: Any = seen.append  # any function is an observer
    Logger("gearman_tx.server", observer=keep).emit(LogLevel.levelWithName(level), text, **fields)
    seen[0]["log_time"] = 1.5
    return seen[0]


def failed() -> LogEvent:
    """Return the event of a failure with a traceback."""
    seen: list[LogEvent] = []
    keep: Any = seen.append
    logger = Logger("gearman_tx.server", observer=keep)
    try:
        int("odd")
    except ValueError:
        logger.failure("a fault", Failure(), event="bug")
    return seen[0]


def test_json() -> None:
    """One object a line: time, level, event, peer and message first, then the fields."""
    event = logged("warn", "{peer}: {n} jobs", event="dropped", peer="10.0.0.7:4321", n=2)
    line = as_json(event)
    assert line is not None
    assert line.count("\n") == 1
    assert list(json.loads(line).items()) == [
        ("time", "1970-01-01T00:00:01.500+00:00"),
        ("level", "warning"),
        ("event", "dropped"),
        ("peer", "10.0.0.7:4321"),
        ("message", "10.0.0.7:4321: 2 jobs"),
        ("source", "gearman_tx.server"),
        ("n", 2),
    ]


def test_json_of_twisteds_lines() -> None:
    """What is not known is null, and what JSON does not know is text."""
    line = as_json(logged("info", "on {port}", port=Path("/run/x")))
    assert line is not None
    read = json.loads(line)
    assert (read["event"], read["peer"], read["port"]) == (None, None, "/run/x")


def test_json_of_a_failure() -> None:
    """The traceback is a field, so that the line stays one."""
    line = as_json(failed())
    assert line is not None
    assert line.count("\n") == 1
    read = json.loads(line)
    assert (read["level"], read["event"], read["message"]) == ("critical", "bug", "a fault")
    assert read["traceback"].startswith("Traceback ")


@pytest.mark.parametrize(
    ("level", "priority"), [("debug", 7), ("info", 6), ("warn", 4), ("error", 3), ("critical", 2)]
)
def test_the_journal_reads_the_priority(level: str, priority: int) -> None:
    """``journalctl -p warning`` finds the line; the journal has the time itself."""
    assert as_journal(logged(level, "words\n")) == f"<{priority}>words\n"


def test_each_line_of_a_traceback_has_the_priority() -> None:
    """The journal takes each line as an entry of its own."""
    text = as_journal(failed())
    assert text is not None
    lines = text.splitlines()
    assert lines[0] == "<2>a fault"
    assert "ValueError: invalid literal" in lines[-1]
    assert all(line.startswith("<2>") for line in lines)


def test_an_event_without_text_is_not_written() -> None:
    """Twisted emits some; they are no lines."""
    event = logged("info", "")
    assert (as_text(event), as_json(event), as_journal(event)) == (None, None, None)


def test_the_journal_is_known_by_its_socket(tmp_path: Path) -> None:
    """The variable names device and inode: after a redirection into a file it does not fit."""
    ours, theirs = socket.socketpair()
    with ours, theirs, ours.makefile("w") as stream, (tmp_path / "log").open("w") as file:
        status = os.fstat(ours.fileno())
        environment = {"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"}
        assert is_journal(stream, environment)
        assert not is_journal(file, environment)
        assert not is_journal(stream, {})
        assert not is_journal(stream, {"JOURNAL_STREAM": "1:2"})
        assert not is_journal(stream, {"JOURNAL_STREAM": "nonsense"})
    assert not is_journal(file, environment)  # closed


def test_text_to_the_journal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Text takes the journal's form there; JSON stays JSON."""
    ours, theirs = socket.socketpair()
    with ours, theirs, ours.makefile("w") as stream:
        status = os.fstat(ours.fileno())
        monkeypatch.setenv("JOURNAL_STREAM", f"{status.st_dev}:{status.st_ino}")
        write_to(stream)(logged("warn", "words"))
        assert theirs.recv(1000) == b"<4>words\n"
        write_to(stream, "json")(logged("warn", "words"))
        assert json.loads(theirs.recv(1000))["message"] == "words"
