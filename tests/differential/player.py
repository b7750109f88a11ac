"""Plays scripts on two servers and tells where they part."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Protocol

from attrs import define, field

from gearman_tx.testing import ServerProcess
from tests.differential.notation import write_step
from tests.differential.script_files import Expected, Script
from tests.differential.side import DIED, Observation, ServerDied, Side
from tests.differential.steps import Step

FUNCTIONS: Final = (b"f", b"g", b"h", b"F", b"later")
"""The functions of which scripts set queue limits; a limit may outlive the function."""


class Starter(Protocol):
    """Starts a server in a folder with options: ``start_c_server`` or ``start_our_server``."""

    def __call__(self, folder: Path, *options: str) -> ServerProcess:
        """Return the server, ready."""


@define(eq=False)
class Stand:
    """Where one side's server comes from; it is started again when it died or cannot be cleaned.

    Attributes:
        label: ``C`` or ``tx``, as in the script files.
        start: starts the server.
        folder: where it runs.
        options: what it is started with.
        deaths: how often its process ended under a script.
    """

    label: str
    start: Starter
    folder: Path
    options: tuple[str, ...]
    deaths: int = 0
    _side: Side | None = field(default=None, init=False)

    def side(self) -> Side:
        """Return the running side, started if need be."""
        if self._side is None:
            self._side = Side(self.label, self.start(self.folder, *self.options))
        return self._side

    def clean(self) -> None:
        """Remove what a script left; end the server if anything stays."""
        if self._side is None:
            return
        try:
            with contextlib.suppress(OSError, ServerDied):
                if self._side.control.open and self._side.clean(FUNCTIONS):
                    return
        finally:
            if self._side.server.process.poll() is not None:
                self.deaths += 1
        self.end()

    def end(self) -> None:
        """End the server, politely, so that its coverage is written."""
        if self._side is not None:
            self._side.control.close()
            self._side.server.stop()
            self._side = None


@define(eq=False)
class Pair:
    """The two servers a script is played on: ``c`` sets the example, ``tx`` follows it."""

    c: Stand
    tx: Stand

    @contextlib.contextmanager
    def sides(self) -> Iterator[tuple[Side, Side]]:
        """Yield both sides without jobs, functions or connections, and clean up afterwards."""
        try:
            yield self.c.side(), self.tx.side()
        finally:
            self.c.clean()
            self.tx.clean()


@define
class Transcript:
    """What was played and answered so far, and in how many steps the answers differ."""

    lines: list[str] = field(factory=list)
    differences: int = 0

    def add(self, step: Step, c: Observation, tx: Observation) -> None:
        """Write down ``step`` and both answers, in the notation of the script files."""
        self.lines.append(write_step(step))
        self.lines += write_answers(c, tx)
        self.differences += c != tx

    def __str__(self) -> str:
        return "\n".join(self.lines)


def write_answers(c: Observation, tx: Observation) -> list[str]:
    """Return both answers to a step as lines of a script file."""
    lines: list[str] = []
    for name in sorted({*c, *tx}):
        if c.get(name) == tx.get(name):
            lines += [f"{name} < {reply}" for reply in c[name]]
        else:
            lines += [f"{name} <C {reply}" for reply in c.get(name, [])]
            lines += [f"{name} <tx {reply}" for reply in tx.get(name, [])]
    return lines


def play_script(script: Script, pair: Pair) -> Transcript:
    """Play ``script`` on both servers and check every answer.

    Returns:
        what was played and answered.

    Raises:
        AssertionError: an answer is not the expected one, or the servers differ in a step
            for which no difference was written down.
        ServerDied: our server's process ended. The C server may; the script then says so.
    """
    transcript = Transcript()
    with pair.sides() as (c_side, tx_side):
        for number, step in enumerate(script.steps):
            c, tx = _play_c(c_side, step), tx_side.play(step)
            transcript.add(step, c, tx)
            expected = script.expected.get(number, Expected(c, c))
            if not expected.met_by(c, tx):
                wanted = "\n".join(write_answers(expected.c, expected.tx)) or "(nothing)"
                raise AssertionError(f"{script.name}\n{transcript}\n--- expected:\n{wanted}")
    return transcript


def _play_c(side: Side, step: Step) -> Observation:
    if side.server.process.poll() is not None:
        return {}
    try:
        return side.play(step)
    except ServerDied:
        return DIED


__all__ = ["Pair", "ServerDied", "Stand", "Transcript", "play_script", "write_answers"]
