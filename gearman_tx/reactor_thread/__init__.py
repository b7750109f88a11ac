"""Twisted's reactor in a thread of its own, for programs that do not run it themselves.

``THREAD`` is the one thread of the process; calls go there and their outcomes come back. What lives
in that thread is made once for each process by :class:`PerProcess`, because a forked process has
neither the thread nor connections of its own.
"""

from gearman_tx.reactor_thread.per_process import PerProcess
from gearman_tx.reactor_thread.thread import THREAD, ReactorThread

__all__ = ["THREAD", "PerProcess", "ReactorThread"]
