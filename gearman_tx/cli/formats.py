"""Values in the form for people, in tables, and in the forms for programs: JSON and TSV."""

from __future__ import annotations

from typing import Any

from gearman_tx.admin import escape
from gearman_tx.values.quantities import rough_size, span_text

UNKNOWN = "-"
"""What a table shows for a value that is not known or does not exist; None in a row."""


def as_text(value: object) -> str:
    """Return ``value`` as the text of a cell; an unknown value is a dash."""
    match value:
        case None:
            return UNKNOWN
        case bool():
            return "yes" if value else "no"
        case bytes():
            return escape(value).decode("utf-8", "backslashreplace")
        case str():
            return value if value.isprintable() else as_text(value.encode())
        case tuple():
            return ", ".join(map(as_text, value))
    return str(value)


def as_json(value: Any) -> Any:
    """Return ``value`` for JSON: bytes become text, bytes that are not UTF-8 become ``\\xff``."""
    match value:
        case bytes():
            return value.decode("utf-8", "backslashreplace")
        case tuple():
            return list(map(as_json, value))
    return value


def as_plain(value: object) -> str:
    """Return ``value`` as a cell of TSV: a number without unit; nothing if it is unknown."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case tuple():
            return ",".join(map(as_plain, value))
        case dict():
            return "/".join(map(as_plain, value.values()))
    return as_text(value)


def span(seconds: object) -> str:
    """Return whole seconds in their two largest units: ``1h 5m``."""
    return span_text(seconds) if isinstance(seconds, int) else as_text(seconds)


def size(count: object) -> str:
    """Return a number of bytes with a unit: ``1.5K``."""
    return rough_size(count) if isinstance(count, int) else as_text(count)


def milliseconds(seconds: object) -> str:
    """Return seconds as milliseconds: ``0.42 ms``."""
    return f"{seconds * 1000:.2f} ms" if isinstance(seconds, float) else as_text(seconds)


def progress(done: object) -> str:
    """Return the progress of a job: ``3/10``."""
    return as_plain(done) if isinstance(done, dict) else as_text(done)


def limits(max_queue: object) -> str:
    """Return limits by priority: one number if they are equal, a dash for no limit."""
    if not isinstance(max_queue, dict) or not any(max_queue.values()):
        return UNKNOWN
    if len(set(max_queue.values())) == 1:
        return as_text(max_queue["high"])
    return "/".join(str(limit or UNKNOWN) for limit in max_queue.values())
