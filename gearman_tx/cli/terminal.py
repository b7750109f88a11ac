"""What the terminal can show, and how much the user wants to see.

``--color never``, the variable NO_COLOR or a terminal of the kind ``dumb`` mean that no escape
sequence is written: no bold, no progress bar, no full screen.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Callable
from typing import Any, Final, TextIO

import click

from gearman_tx.cli.errors import CommandError, ExitStatus

_QUIET: Final = "gearman_tx.cli.quiet"


def _set_color(context: click.Context, _parameter: click.Parameter, choice: str) -> None:
    if choice == "never" or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        context.color = False


def _set_quiet(context: click.Context, _parameter: click.Parameter, is_quiet: bool) -> None:  # noqa: FBT001  # click's signature
    if is_quiet:
        context.meta[_QUIET] = True


def terminal_options(command: Any) -> Any:
    """Give ``command`` the options that all commands have; it gets no argument for them."""
    for option in (
        click.option(
            "--color",
            type=click.Choice(["auto", "never"]),
            default="auto",
            expose_value=False,
            is_eager=True,
            callback=_set_color,
            help="never: write no escape sequences to the terminal, as with NO_COLOR.",
        ),
        click.option(
            "-q",
            "--quiet",
            is_flag=True,
            expose_value=False,
            is_eager=True,
            callback=_set_quiet,
            help="Print results and errors only, no notes and confirmations.",
        ),
    ):
        command = option(command)
    return command


def has_escapes(stream: TextIO) -> bool:
    """Return whether escape sequences may be written to ``stream``."""
    context = click.get_current_context(silent=True)
    return stream.isatty() and (context is None or context.color is not False)


def is_quiet() -> bool:
    """Return whether the user wants to see results and errors only."""
    context = click.get_current_context(silent=True)
    return context is not None and bool(context.meta.get(_QUIET))


def width() -> int | None:
    """Return the width of the terminal of stdout, or None if stdout is not a terminal."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def bold(text: str) -> str:
    """Return ``text`` for stdout, bold if it may have escape sequences."""
    return click.style(text, bold=True) if has_escapes(sys.stdout) else text


def say(text: str) -> None:
    """Print what a command has done on stdout, unless the user wants to see results only."""
    if not is_quiet():
        click.echo(text)


def yes_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give ``command`` the argument ``yes``: whether to do it without a question."""
    option = click.option("-y", "--yes", is_flag=True, help="Do it without a question.")
    return option(command)


def confirm(question: str, *, yes: bool) -> None:
    """Ask the user on a terminal whether to do something; a script is not asked.

    Args:
        question: names what is going to be done, and to how much.
        yes: whether the user has answered already.

    Raises:
        CommandError: the answer is no.
        click.Abort: the answer is Ctrl-C.
    """
    if yes or sys.stdin is None or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return
    # The reactor's handler would only note the signal, and the question would go on waiting.
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        answer = click.confirm(question, err=True)
    finally:
        signal.signal(signal.SIGINT, handler)
    if not answer:
        raise CommandError("nothing was done", ExitStatus.FAILED)


def note(text: str) -> None:
    """Print a remark on stderr, unless the user wants to see results and errors only."""
    if not is_quiet():
        click.echo(text, err=True)
