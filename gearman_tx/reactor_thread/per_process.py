"""A value of which each process has its own."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class PerProcess(Generic[T]):
    """Makes a value when a process first asks for it; a forked process gets another one.

    The parent's value stays in the child's memory, untouched: it may share sockets and locks with
    the parent. It is recognized by the number of the process, and not by a hook of ``os.fork``,
    because servers such as uWSGI fork without Python's knowledge.

    Args:
        make: makes the value.
    """

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._values: dict[int, T] = {}

    def __call__(self) -> T:
        """Return this process's value. Any thread may ask; all get the same."""
        process = os.getpid()
        if process not in self._values:
            # No lock: a lock that another thread held during the fork would stay locked.
            return self._values.setdefault(process, self._make())
        return self._values[process]

    def peek(self) -> T | None:
        """Return this process's value, or None if it was not asked for yet."""
        return self._values.get(os.getpid())
