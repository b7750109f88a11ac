"""The errors of python-gearman, by their names, and :class:`ReactorUnavailable` of our own.

All derive from the package's :class:`~gearman_tx.errors.GearmanError`, so one ``except`` catches
them all.
"""

from __future__ import annotations

from gearman_tx.errors import GearmanError, ReactorUnavailable

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
    """Gearman has no packet for a request, or a job server violated the protocol."""


class UnknownCommandError(GearmanError):
    """A job server sent an unknown packet; never raised, kept for programs that catch it."""


class ExceededConnectionAttempts(GearmanError):
    """A request was submitted as often as it may be, and its job server was lost each time."""


class InvalidClientState(GearmanError):
    """The state of a request does not allow the call."""


class InvalidWorkerState(GearmanError):
    """The state of a worker does not allow the call."""


class InvalidAdminClientState(GearmanError):
    """A job server did not answer a command in time, or gave a wrong answer."""
