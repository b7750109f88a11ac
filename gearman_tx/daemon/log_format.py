"""How one event of the log is written: as text, as JSON, or for the journal of systemd."""

from __future__ import annotations

import json
import os
import stat
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, TextIO

from twisted.logger import LogLevel, formatEvent, formatEventAsClassicLogText

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from twisted.logger import LogEvent

_LEVELS: Final[dict[Any, tuple[str, int]]] = {
    LogLevel.debug: ("debug", 7),
    LogLevel.info: ("info", 6),
    LogLevel.warn: ("warning", 4),
    LogLevel.error: ("error", 3),
    LogLevel.critical: ("critical", 2),
}
"""The name of each level in JSON, and its priority in syslog and in the journal."""

_TWISTEDS: Final = frozenset({"isError", "system", "format", "text", "time", "failure", "why"})
"""Fields that Twisted adds for observers of its older kind; they repeat others."""


def as_text(event: LogEvent) -> str | None:
    """Return Twisted's line: time, source, level and text; None for an event without text."""
    return formatEventAsClassicLogText(event)


def as_json(event: LogEvent) -> str | None:
    """Return the event as one JSON object on one line; None for an event without text.

    Its keys are ``time`` (RFC 3339, UTC, milliseconds), ``level``, ``event`` (the name of this kind
    of line, null for lines of Twisted), ``peer`` (null if the line is not about a connection),
    ``message``, then the fields of the event by their names, and ``traceback`` of a failure.
    """
    message = _message(event)
    if not message:
        return None
    level, _ = _level(event)
    seconds = event.get("log_time", 0.0)
    values: dict[str, Any] = {
        "time": datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds"),
        "level": level,
        "event": event.get("event"),
        "peer": event.get("peer"),
        "message": message,
        "source": event.get("log_namespace"),
    }
    for name, value in event.items():
        if name not in values and name not in _TWISTEDS and not name.startswith("log_"):
            values[name] = value
    if "log_failure" in event:
        values["traceback"] = event["log_failure"].getTraceback()
    return json.dumps(values, ensure_ascii=False, default=str) + "\n"


def as_journal(event: LogEvent) -> str | None:
    """Return the text with the priority that systemd's journal reads; the journal adds the time.

    Each line of a traceback is one entry of the journal, so each gets the priority.
    """
    message = _message(event)
    if not message:
        return None
    if "log_failure" in event:
        message += "\n" + event["log_failure"].getTraceback().rstrip("\n")
    _, priority = _level(event)
    return "".join(f"<{priority}>{line}\n" for line in message.splitlines())


def _message(event: LogEvent) -> str:
    return formatEvent(event).rstrip("\n")


def _level(event: LogEvent) -> tuple[str, int]:
    return _LEVELS[event.get("log_level", LogLevel.info)]


TEXT: Final = "text"

FORMATS: Final[dict[str, Callable[[LogEvent], str | None]]] = {TEXT: as_text, "json": as_json}
"""The formats of ``--log-format``."""


def is_journal(stream: TextIO, environment: Mapping[str, str]) -> bool:
    """Return whether systemd connected ``stream`` to its journal.

    Args:
        stream: where the log is written, such as standard error.
        environment: the environment variables; ``JOURNAL_STREAM`` has device and inode of the
            journal's socket, see systemd.exec(5).
    """
    journal = environment.get("JOURNAL_STREAM")
    if not journal:
        return False
    try:
        status = os.fstat(stream.fileno())
    except (OSError, ValueError):  # closed, or not a file
        return False
    return stat.S_ISSOCK(status.st_mode) and journal == f"{status.st_dev}:{status.st_ino}"
