"""Nouns in the number that a count asks for."""

from __future__ import annotations


def plural(noun: str, count: int) -> str:
    """Return ``noun`` for a count of 1, and with an ``s`` for any other."""
    return noun if count == 1 else f"{noun}s"
