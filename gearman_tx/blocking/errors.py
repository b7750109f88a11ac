"""The errors of python-gearman, by their names, and one of our own.

All derive from the package's :class:`~gearman_tx.errors.GearmanError`, so one ``except`` catches
whatever goes wrong here.
"""

from __future__ import annotations

from gearman_tx.errors import GearmanError

__all__ = [
    "ConnectionError",
    "ExceededConnectionAttempts",
    "GearmanError",
    "InvalidAdminClientState",
    "InvalidClientState",
    "InvalidWorkerState",
    "ProtocolError",
    "ReactorUnavailable",
    "ServerUnavailable",
    "UnknownCommandError",
]


class ConnectionError(GearmanError):  # noqa: A001  # python-gearman's name
    """A connection to a job server cannot be made or used."""


class ServerUnavailable(GearmanError):
    """No job server can be reached."""


class ProtocolError(GearmanError):
    """The Gearman protocol cannot say what was asked for, or a job server did not speak it."""


class UnknownCommandError(GearmanError):
    """A job server sent a packet that nobody knows; kept for programs that catch it."""


class ExceededConnectionAttempts(GearmanError):
    """A request was given to job servers as often as it may be, and all were lost."""


class InvalidClientState(GearmanError):
    """A request is not in a state in which this can be asked of it."""


class InvalidWorkerState(GearmanError):
    """A worker is not in a state in which this can be asked of it."""


class InvalidAdminClientState(GearmanError):
    """A job server did not answer a command in time, or gave another answer."""


class ReactorUnavailable(GearmanError):
    """The thread that talks to the job servers is not there.

    It stays behind in the parent when a process forks, and it ends with the interpreter.
    """
