"""Measure kinds of work, the contenders in turn, so that all meet the same conditions.

A contender that fails leaves that kind, and its fault is kept; the others go on. When the result of
a kind is there, everything that was started for it has ended.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TypeVar

from benchmarks.contender import Contender
from benchmarks.effort import Effort
from benchmarks.errors import BenchmarkError
from benchmarks.kind import Kind
from benchmarks.open_files import require_open_files
from benchmarks.results import KindResult, Standing, check

T = TypeVar("T")


def play_kind(
    kind: Kind[T],
    contenders: Sequence[Contender[T]],
    effort: Effort,
    folder: Path,
    tell: Callable[[str], None],
) -> KindResult:
    """Play one kind of work.

    Args:
        kind: what is played.
        contenders: who may take part, in the order in which they take turns.
        effort: how much is done.
        folder: where their folders are made, and removed again.
        tell: called with each line of progress.

    Returns:
        The figures and faults of all contenders.

    Raises:
        BenchmarkError: no contender can play it here, or a figure is not a number.
    """
    require_open_files(kind.open_files, kind.name)
    result = KindResult(kind.title_for(effort), kind.group, list(kind.shows), effort.name, {}, {})
    players: list[Contender[T]] = []
    for contender in contenders:
        why = contender.absence(kind)
        if why is None:
            players.append(contender)
            result.standings[contender.name] = Standing(contender.title, contender.family)
        else:
            result.absent[contender.name] = why
    with ExitStack() as stack:
        running: dict[str, T] = {}
        rounds = min(effort.rounds, kind.most_rounds)
        for number in range(rounds):
            for player in players:
                standing = result.standings[player.name]
                if standing.fault is not None:
                    continue
                began = time.monotonic()
                try:
                    if kind.is_fresh:
                        with ExitStack() as own:
                            measures = kind.play(_open(player, kind, folder, own), effort)
                    else:
                        if player.name not in running:
                            running[player.name] = _open(player, kind, folder, stack)
                        measures = kind.play(running[player.name], effort)
                except BenchmarkError as error:
                    standing.fault = str(error)
                    tell(f"{kind.name}: {player.name} failed: {error}")
                    continue
                standing.rounds.append(check(measures))
                took = time.monotonic() - began
                tell(f"  round {number + 1} of {rounds}: {player.name}, {took:.1f} s")
    return result


def _open(player: Contender[T], kind: Kind[T], folder: Path, stack: ExitStack) -> T:
    place = stack.enter_context(
        tempfile.TemporaryDirectory(prefix=f"{kind.name}-{player.name}-", dir=folder)
    )
    return stack.enter_context(player.open(kind, Path(place)))
