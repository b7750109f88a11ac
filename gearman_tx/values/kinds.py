"""Sentences about arguments of a wrong kind, which Python's own errors would not explain."""

from __future__ import annotations

from numbers import Integral, Real


def kind_of(value: object) -> str:
    """Return the type and the value of a wrong argument, for the end of a sentence."""
    return f"{type(value).__name__}: {value!r:.80}"


def check_seconds(name: str, value: object) -> None:
    """Check that ``value`` is a time in seconds, or None.

    Raises:
        TypeError: it is neither.
    """
    if value is not None and not isinstance(value, Real):
        raise TypeError(f"{name} is a number of seconds, not {kind_of(value)}")


def check_count(name: str, value: object) -> None:
    """Check that ``value`` is a whole number.

    Raises:
        TypeError: it is not.
    """
    if not isinstance(value, Integral):
        raise TypeError(f"{name} is a whole number, not {kind_of(value)}")


def check_function(name: str, value: object) -> None:
    """Check that ``value`` can be called.

    Raises:
        TypeError: it cannot.
    """
    if not callable(value):
        raise TypeError(f"{name} is a function, not {kind_of(value)}")


def check_encoder(value: object) -> None:
    """Check that ``value`` is an encoder.

    Raises:
        TypeError: it has no method ``encode`` or ``decode``.
    """
    if not (hasattr(value, "encode") and hasattr(value, "decode")) or isinstance(value, type | str):
        text = "encoder is an object with the methods encode and decode, such as gearman_tx.JSON"
        raise TypeError(f"{text}, not {kind_of(value)}")
