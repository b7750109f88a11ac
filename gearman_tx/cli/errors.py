"""The errors of ``gearman-tx``: one line that says what to do, and an exit status.

``gearman-tx gearmand`` has the exit status of the C server instead: 0 or 1.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final

import click

from gearman_tx.errors import (
    ConnectionLost,
    GearmanError,
    JobFailed,
    Refused,
    RemoteProtocolError,
    TimedOut,
    TooLarge,
)

PROGRAM: Final = "gearman-tx"

_OTHER: Final = "name another server with --server or GEARMAN_SERVERS"


class ExitStatus(IntEnum):
    """Why a command did not succeed."""

    FAILED = 1
    """A job failed or took too long; a job or function is not known; a queue file is unusable."""

    USAGE = 2
    """The command line is wrong, or a file or module that it names cannot be read."""

    UNREACHABLE = 3
    """A job server or a database could not be reached, was lost or did not answer."""

    REFUSED = 4
    """A job server refused the request or does not know it."""

    INTERRUPTED = 130
    """SIGINT or SIGTERM stopped the command."""


class CommandError(click.ClickException):
    """The reason why a command ends with an exit status other than 0.

    Args:
        message: what is wrong and what to do about it; line ends become blanks.
        status: the exit status.
    """

    def __init__(self, message: str, status: int) -> None:
        super().__init__(" ".join(message.split()))
        self.status = status


def explain(error: CommandError | GearmanError) -> CommandError:
    """Return ``error`` as a message for the user with an exit status."""
    from gearman_tx.store import StoreError  # noqa: PLC0415  # it imports Twisted: only for errors

    text = str(error).rstrip(".")
    match error:
        case CommandError():
            return error
        case JobFailed() | StoreError():
            return CommandError(text, ExitStatus.FAILED)
        case ConnectionLost():
            return CommandError(f"{text}; {_remedy(text)}", ExitStatus.UNREACHABLE)
        case TimedOut():
            return CommandError(f"{text}; --timeout gives it more time", ExitStatus.UNREACHABLE)
        case Refused(code=b"UNKNOWN_COMMAND"):
            text = "the job server does not know this command"
            return CommandError(text, ExitStatus.REFUSED)
        case Refused():
            return CommandError(f"the job server refused it: {text}", ExitStatus.REFUSED)
        case TooLarge():
            text = str(TooLarge(error.size, error.limit))  # no option is that setting
            return CommandError(text, ExitStatus.USAGE)
        case RemoteProtocolError():
            question = "is this the port of a Gearman job server?"
            return CommandError(f"{text}; {question}", ExitStatus.REFUSED)
    return CommandError(text, ExitStatus.USAGE)  # ConfigurationError, LocalProtocolError


def _remedy(reason: str) -> str:
    """Return what to do when a job server cannot be reached or was lost."""
    if "lookup failed" in reason:  # Twisted's DNSLookupError
        return f"check the name, or {_OTHER}"
    if "refused" in reason:
        return f"is gearmand running there? If not, start it, or {_OTHER}"
    return f"start it, or {_OTHER}"


def print_error(text: str) -> None:
    """Print a line about this program on stderr."""
    click.echo(f"{PROGRAM}: {text}", err=True)
