"""Values in the form for people, in a table, and in the form for programs, in JSON."""

from __future__ import annotations

from typing import Any, Final

from gearman_tx.admin import escape

_UNITS: Final = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))


def as_text(value: object) -> str:
    """Return ``value`` as the text of a cell; an unknown value is a dash."""
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case bytes():
            return escape(value).decode("utf-8", "backslashreplace")
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


def duration(seconds: object) -> str:
    """Return whole seconds in their two largest units: ``1h 5m``."""
    if not isinstance(seconds, int):
        return as_text(seconds)
    parts = []
    for unit, length in _UNITS:
        count, seconds = divmod(seconds, length)
        if count:
            parts.append(f"{count}{unit}")
    return " ".join(parts[:2]) or "0s"


def milliseconds(seconds: object) -> str:
    """Return seconds as milliseconds: ``0.42 ms``."""
    return f"{seconds * 1000:.2f} ms" if isinstance(seconds, float) else as_text(seconds)
