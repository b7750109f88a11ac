"""Errors as people at a command line meet them: one line with the remedy, and an exit status."""

from __future__ import annotations

from typing import Final

import click

from gearman_tx.cli import exit_status
from gearman_tx.errors import (
    ConnectionLost,
    GearmanError,
    JobFailed,
    Refused,
    RemoteProtocolError,
    TimedOut,
)
from gearman_tx.store import StoreError

PROGRAM: Final = "gearman-tx"

_ELSEWHERE: Final = "start it, or name another server with --server or GEARMAN_SERVERS"


class Trouble(Exception):
    """Why a command ends with an exit status other than 0.

    Args:
        message: what is wrong, and what to do about it; line ends become blanks.
        status: the exit status.
    """

    def __init__(self, message: str, status: int) -> None:
        self.message = " ".join(message.split())
        self.status = status
        super().__init__(self.message)


def explain(error: Trouble | GearmanError) -> Trouble:
    """Return what to say about ``error``, and the exit status."""
    text = str(error).rstrip(".")
    match error:
        case Trouble():
            return error
        case JobFailed() | StoreError():
            return Trouble(text, exit_status.FAILED)
        case ConnectionLost():
            return Trouble(f"{text}; {_ELSEWHERE}", exit_status.UNREACHABLE)
        case TimedOut():
            return Trouble(f"{text}; --timeout gives it more time", exit_status.UNREACHABLE)
        case Refused(code=b"UNKNOWN_COMMAND"):
            text = "the job server does not know this command, or was started without it"
            return Trouble(text, exit_status.REFUSED)
        case Refused():
            return Trouble(f"the job server refused it: {text}", exit_status.REFUSED)
        case RemoteProtocolError():
            remedy = "is this the port of a Gearman job server?"
            return Trouble(f"{text}; {remedy}", exit_status.REFUSED)
    return Trouble(text, exit_status.USAGE)  # ConfigurationError, LocalProtocolError


def say(text: str) -> None:
    """Print a line about this program on stderr."""
    click.echo(f"{PROGRAM}: {text}", err=True)
