"""``gearman-tx COMMAND``: find the command and run it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gearman_tx import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence

HELP: Final = """\
Usage: gearman-tx COMMAND [options]

Commands:
  gearmand     run a Gearman job server, with the command line of the C gearmand

gearman-tx COMMAND --help tells more about one. Under the name gearmand, a symbolic link for
example, this program is the command gearmand.

Options:
  -h, --help     print this help and exit
  -V, --version  print the version and exit
"""

_USAGE_ERROR: Final = 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``gearman-tx``.

    Args:
        arguments: the words of the command line, the program's name first; those of this process
            if None.

    Returns:
        The exit status.
    """
    program, *words = sys.argv if arguments is None else arguments
    if Path(program).name == "gearmand":
        words = ["gearmand", *words]
    if not words:
        sys.stderr.write(HELP)
        return _USAGE_ERROR
    command = words[0]
    if command == "gearmand":
        from gearman_tx.cli.gearmand import run  # noqa: PLC0415  # other commands start faster

        return run(words[1:])
    if command in {"-h", "--help"}:
        sys.stdout.write(HELP)
        return 0
    if command in {"-V", "--version"}:
        sys.stdout.write(f"gearman-tx {__version__}\n")
        return 0
    sys.stderr.write(f"gearman-tx: unknown command {command!r}; gearman-tx --help lists them\n")
    return _USAGE_ERROR
