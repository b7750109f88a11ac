"""Values as people read them in a table, and as programs read them in JSON."""

from __future__ import annotations

from typing import Any, Final

from gearman_tx.admin import escape

_SECONDS: Final = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))


def as_text(value: object) -> str:
    """Return ``value`` as a cell; what is not known is a dash."""
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
    """Return ``value`` as JSON has it: bytes as text, those that are not UTF-8 as ``\\xff``."""
    match value:
        case bytes():
            return value.decode("utf-8", "backslashreplace")
        case tuple():
            return list(map(as_json, value))
    return value


def duration(seconds: object) -> str:
    """Return whole seconds by their two largest units: ``1h 5m``."""
    if not isinstance(seconds, int):
        return as_text(seconds)
    parts = []
    for unit, length in _SECONDS:
        count, seconds = divmod(seconds, length)
        if count:
            parts.append(f"{count}{unit}")
    return " ".join(parts[:2]) or "0s"


def milliseconds(seconds: object) -> str:
    """Return seconds as milliseconds: ``0.42 ms``."""
    return f"{seconds * 1000:.2f} ms" if isinstance(seconds, float) else as_text(seconds)
