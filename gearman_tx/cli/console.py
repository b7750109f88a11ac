"""Results, warnings and a progress bar on the terminal or in files."""

from __future__ import annotations

import sys
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from gearman_tx.cli.terminal import has_escapes, is_quiet

_LINE_END: Final = b"\n"


class ConsoleOutput:
    """Prints results to stdout, warnings and a progress bar to stderr.

    The bar is only shown on a terminal. It is hidden before anything is printed, and stays hidden
    while the terminal has an unfinished line of stdout, which the bar would overwrite.
    """

    def __init__(self) -> None:
        self._results = sys.stdout.buffer
        self._warnings = sys.stderr.buffer
        self._is_terminal = self._results.isatty()
        self._shows_bar = has_escapes(sys.stderr) and not is_quiet()
        self._is_empty = True  # nothing of the result is printed yet
        self._has_open_line = False
        self._bar: Progress | None = None

    def write(self, data: bytes) -> None:
        """Print a part of a result unchanged."""
        if data:
            self.hide_bar()
            self._results.write(data)
            self._results.flush()
            self._has_open_line = not data.endswith(_LINE_END)
            self._is_empty = False

    def end_result(self, *, has_line: bool, may_be_empty: bool = False) -> None:
        """End the line of a result.

        Args:
            has_line: whether each result is a line; if not, only an unfinished line on a terminal
                is ended.
            may_be_empty: whether an empty result is no line.
        """
        self._end_line(always=has_line)
        if has_line and self._is_empty and not may_be_empty:
            self.write(_LINE_END)
        self._is_empty = True

    def _end_line(self, *, always: bool) -> None:
        if self._has_open_line and (always or self._is_terminal):
            self.write(_LINE_END)

    def warn(self, data: bytes) -> None:
        """Print a warning on a line of its own."""
        self.hide_bar()
        self._end_line(always=False)
        self._warnings.write(data.removesuffix(_LINE_END) + _LINE_END)
        self._warnings.flush()

    def remark(self, text: str) -> None:
        """Print a line about the program, as :meth:`warn` does."""
        self.warn(text.encode("utf-8", "backslashreplace"))

    def show_bar(self, done: int, total: int, label: str) -> None:
        """Show the progress on a terminal.

        Args:
            done: the numerator.
            total: the denominator; 0 shows a bar that moves without an end.
            label: the text before the bar.
        """
        if not self._shows_bar or (self._is_terminal and self._has_open_line):
            return
        if self._bar is None:
            self._bar = Progress(
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                TaskProgressColumn(),
                TextColumn("{task.completed:g} of {task.total:g}"),
                TimeRemainingColumn(),
                console=Console(stderr=True),
                transient=True,
                auto_refresh=False,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._bar.start()
            self._bar.add_task(label, total=total)
        (task,) = self._bar.task_ids
        self._bar.update(task, completed=done, total=total, description=label, refresh=True)

    def hide_bar(self) -> None:
        """Remove the bar."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
