"""Own the descriptors 0 to 2 in a program that was started without them.

A shell closes them with ``<&-``, ``>&-`` and ``2>&-``, and some init systems do so as well. The
next files that are opened get these numbers. If these files are a reactor's, a daemon that leaves
its terminal replaces them by ``/dev/null`` and serves nothing, and what a C library prints goes
into a connection. So the numbers are taken before anything else is opened.
"""

from __future__ import annotations

import os
import sys
from typing import Final

_STANDARD: Final = (0, 1, 2)


def open_closed() -> None:
    """Open those of the descriptors 0 to 2 that are closed on ``/dev/null``.

    Call this before the first file is opened that stays open. ``sys.stdout`` and ``sys.stderr``
    become files where they are None, so that printing is no error. ``sys.stdin`` stays None: there
    is nothing to read.
    """
    for number in _STANDARD:
        try:
            os.fstat(number)
        except OSError:
            _open_null(number)
    for number, name in ((1, "stdout"), (2, "stderr")):
        if getattr(sys, name) is None:
            stream = open(number, "w", encoding="utf-8", closefd=False)  # noqa: SIM115  # for the life of the process
            setattr(sys, name, stream)
            setattr(sys, f"__{name}__", stream)


def restart_if_closed() -> None:
    """Start this program again, with the descriptors 0 to 2 open, if one of them was closed.

    For a program of which other code ran first, such as ``twistd``: its reactor may have the
    numbers already, and its log the missing streams. The process id stays the same.
    """
    streams = (sys.__stdin__, sys.__stdout__, sys.__stderr__)
    closed = [number for number, stream in enumerate(streams) if stream is None]
    if not closed or not sys.executable:
        return
    for number in closed:
        _open_null(number)
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606  # no shell is needed


def _open_null(number: int) -> None:
    """Open a descriptor on ``/dev/null``, also for child processes."""
    opened = os.open(os.devnull, os.O_RDWR)
    if opened == number:
        os.set_inheritable(number, True)  # noqa: FBT003  # os's signature
    else:
        os.dup2(opened, number)
        os.close(opened)
