"""``gearman-tx COMMAND``: find the command and run it.

The job server needs neither click nor rich, so its command is found before they are imported.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from gearman_tx._version import BUILD, __version__
from gearman_tx.process import standard_streams

HELP: Final = """\
Usage: gearman-tx COMMAND [options]

Commands:
  gearmand     run a Gearman job server, with the command line of the C gearmand

All other commands (submit, work, status, ...) need two more packages:
  pip install 'gearman-tx[cli]'

gearman-tx COMMAND --help describes a command. Under the name gearmand, for example by a symbolic
link, this program is the command gearmand.

Options:
  -h, --help     print this help and exit
  -V, --version  print the version and exit
"""
"""The help where click is not installed."""

_MISSING: Final = 1
_UNKNOWN: Final = 3  # to Nagios, 1 would be a warning
_USAGE: Final = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``gearman-tx``.

    Args:
        arguments: the program's name and the words of the command line; None takes those of this
            process.

    Returns:
        The exit status; see :class:`gearman_tx.cli.errors.ExitStatus`.
    """
    standard_streams.open_closed()
    program, *words = sys.argv if arguments is None else arguments
    if Path(program).name == "gearmand":
        words = ["gearmand", *words]
    if words[:1] == ["gearmand"]:
        from gearman_tx.gearmand.command import run  # noqa: PLC0415  # other commands start faster

        return run(words[1:])
    try:
        import click  # noqa: F401, PLC0415  # an extra
        import rich  # noqa: F401, PLC0415  # an extra
    except ImportError:
        return _without_click(words)
    from gearman_tx.cli.program import run_command  # noqa: PLC0415  # it imports click

    return run_command(words)


def _without_click(words: Sequence[str]) -> int:
    if not words:
        sys.stderr.write(HELP)
        return _USAGE
    command = words[0]
    if command in {"-h", "--help"}:
        sys.stdout.write(HELP)
        return 0
    if command in {"-V", "--version"}:
        sys.stdout.write(f"gearman-tx {__version__} ({BUILD})\n")
        return 0
    text = f"the command {command!r} needs more packages: pip install 'gearman-tx[cli]'"
    if command == "check":
        sys.stdout.write(f"GEARMAN UNKNOWN - {text}\n")
        return _UNKNOWN
    sys.stderr.write(f"gearman-tx: {text}\n")
    return _MISSING
