"""Run small programs that use the reactor's thread, with every warning as an error."""

from __future__ import annotations

import subprocess
import sys

BEGIN = """
import os, sys, threading, warnings
from twisted.internet.defer import Deferred, fail, succeed
from gearman_tx.errors import ReactorUnavailable, TimedOut
from gearman_tx.reactor_thread import THREAD

def installed():
    from twisted.internet import reactor
    return reactor

def show(function, *arguments, **options):
    try:
        print(THREAD.call(function, *arguments, **options), flush=True)
    except BaseException as error:
        print(f"{type(error).__name__}: {error}"[:60], flush=True)

def waits():
    began.set()
    return Deferred()

def in_child(function):
    child = os.fork()
    if not child:
        try:
            function()
        finally:
            os._exit(0)
    os.waitpid(child, 0)

began = threading.Event()
warnings.filterwarnings("ignore", ".*use of fork", DeprecationWarning)  # this is tested
"""
"""What each program begins with."""


def run(code: str) -> list[str]:
    """Return the lines that a program prints; it must end with status 0 and report no error."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", BEGIN + code],
        check=False,
        capture_output=True,
        text=True,
        timeout=90,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()
