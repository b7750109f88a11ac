"""Plays a generated script: finds its handles, stays on common ground, compares every answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from attrs import evolve

from tests.differential.common_ground import ends, leaves, leaving_leaves, translate
from tests.differential.notation import write_body, write_step
from tests.differential.packets import BACKGROUND, FOREGROUND, NAMES, RESULTS, SUBMISSIONS
from tests.differential.player import Pair, Transcript, write_answers
from tests.differential.side import Observation, Side
from tests.differential.steps import (
    Body,
    Close,
    Item,
    Job,
    Packet,
    Piece,
    Raw,
    Send,
    Step,
    Text,
    packet,
)
from tests.differential.view import View

Translate = Callable[[View, Step, Observation], Observation]
Left = list[str]
"""The entries for which steps were left out of a script, once for each step."""


def play_generated(
    script: Iterable[Step], pair: Pair, retries: int = 0, translated: Translate = translate
) -> tuple[Transcript, Left]:
    """Play ``script`` on both servers, step by step.

    Args:
        script: the steps; handles by the numbers of ``strategies``.
        pair: the servers.
        retries: the losses that end a job, as both servers were told; 0 for none.
        translated: what ours must answer when the C server's answers are given.

    Returns:
        what was played, and the entries for which steps were left out.

    Raises:
        AssertionError: an answer of ours is not the C server's, nor what an entry of the list
            of differences puts in its place.
        ServerDied: a server's process ended.
    """
    transcript, left = Transcript(), []
    with pair.sides() as (c_side, tx_side):
        view = View(c_side, retries)
        for planned in script:
            view.look()
            step, entries = stay(view, bind(view, planned))
            left += entries
            if step is None:
                continue
            c = c_side.play(step)
            tx = tx_side.play(step)
            transcript.add(step, c, tx)
            expected = translated(view, step, c)
            if tx != expected:
                wanted = "\n".join(write_answers(c, expected))
                raise AssertionError(f"\n{transcript}\n--- expected of ours:\n{wanted}")
            view.note(step, _with_unread(step, c, c_side, tx_side))
    return transcript, left


def _with_unread(step: Step, seen: Observation, c_side: Side, tx_side: Side) -> Observation:
    """Return ``seen`` with the JOB_CREATED that was not read, because the client had gone."""
    if not isinstance(step, Send) or not step.ending:
        return seen
    before = len(c_side.handles)
    created, ours = c_side.discover(), tx_side.discover()
    assert created == ours, f"{write_step(step)}: {created} jobs so far with C, {ours} with ours"
    return {**seen, step.connection: [f"JOB_CREATED {{{created}}}"] * (created - before)}


def bind(view: View, step: Step) -> Step:
    """Return ``step`` with the jobs that its connection runs in place of 0, -1, -2 ..."""
    if not isinstance(step, Send):
        return step
    held = view.party(step.connection).held

    def bind_piece(piece: Piece) -> Piece:
        if not isinstance(piece, Job) or piece.number > 0:
            return piece
        return Job(held[piece.number % len(held)]) if held else Job(1 - piece.number)

    def bind_body(body: Body) -> Body:
        return tuple(bind_piece(piece) for piece in body)

    def bind_item(item: Item) -> Item:
        match item:
            case Packet() if NAMES[item.number] in RESULTS and not held and _own(item.body[0]):
                return packet("GRAB_JOB_ALL")
            case Packet():
                return evolve(item, body=bind_body(item.body))
            case Text():
                return Text(bind_body(item.line))
            case Raw():
                return item

    return evolve(step, items=tuple(bind_item(item) for item in step.items))


def _own(piece: Piece) -> bool:
    return isinstance(piece, Job) and piece.number <= 0


def stay(view: View, step: Step) -> tuple[Step | None, Left]:
    """Return what of ``step`` keeps both servers alike, and the entries that forbid the rest."""
    left: Left = []
    name = step.connection
    if ends(step) and (entry := leaving_leaves(view, name)):
        left.append(entry)
        if isinstance(step, Close):
            return None, left
        assert isinstance(step, Send)
        step = evolve(step, ending="")
    if not isinstance(step, Send):
        return step, left
    items: list[Item] = []
    foreground: set[tuple[str, ...]] = set()
    for item in step.items:
        entry = leaves(view, name, item) or _joins(foreground, item)
        if entry:
            left.append(entry)
        else:
            items.append(item)
    if not items:
        return None, left
    return evolve(step, items=tuple(items)), left


def _joins(foreground: set[tuple[str, ...]], item: Item) -> str:
    """Return the entry for a background submission that joins a job of its own burst."""
    if not isinstance(item, Packet) or NAMES[item.number] not in SUBMISSIONS:
        return ""
    function, unique, *_, data = write_body(item.body).split("|")
    key = (function, unique, data if unique == "-" else "")
    if NAMES[item.number] in FOREGROUND:
        foreground.add(key)
    return "background-joiner" if NAMES[item.number] in BACKGROUND and key in foreground else ""
