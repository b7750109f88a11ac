"""What the commands that make a queue file share: paths, progress and the end by a signal."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import click

from gearman_tx.cli.console import ConsoleOutput
from gearman_tx.cli.errors import CommandError, ExitStatus
from gearman_tx.daemon.working_folder import absolute

FILE: Final = click.Path(path_type=Path)
"""The type of an argument that is a path."""


def refuse_missing(path: Path) -> None:
    """Check the path of a file to be read.

    Raises:
        CommandError: there is none.
        ConfigurationError: the working folder was removed.
    """
    if not absolute(path).exists():
        raise CommandError(f"{path}: No such file or directory", ExitStatus.USAGE)


def refuse_folder(path: Path) -> None:
    """Check the path of a file to be made.

    Raises:
        UsageError: it is a folder.
        CommandError: its folder does not exist.
    """
    if path.is_dir():
        raise click.UsageError(f"{path} is a folder: name the file to create in it")
    refuse_missing(path.parent)


@contextmanager
def making() -> Iterator[Callable[[int, int], None]]:
    """Yield a function that shows a progress bar, given the pages done and all pages.

    SIGTERM acts like Ctrl-C meanwhile, so that the unfinished file is removed.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    output = ConsoleOutput()
    try:
        yield lambda done, total: output.show_bar(done, total, "pages")
    finally:
        output.hide_bar()
