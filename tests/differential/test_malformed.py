"""What one peer sends, however wrong, does nothing to the others; text is answered as in C."""

from __future__ import annotations

from typing import Final

from hypothesis import event, given
from hypothesis import strategies as st

from tests.differential.malformed import Vandal, lines, vandals
from tests.differential.modes import examples
from tests.differential.player import Pair, write_answers
from tests.differential.side import CLOSED, Side
from tests.differential.steps import Job, Raw, Send, Step, packet

_BEFORE: Final[tuple[Step, ...]] = (
    Send("worker", (packet("CAN_DO", b"f"), packet("SET_CLIENT_ID", b"worker"))),
    Send("client", (packet("SUBMIT_JOB", b"f", b"u", b"x"),)),
    Send("worker", (packet("GRAB_JOB_UNIQ"),)),
    Send("client", (packet("SUBMIT_JOB_BG", b"f", b"v", b"y"),)),
)
_AFTER: Final[tuple[Step, ...]] = (
    Send("client", (packet("GET_STATUS", Job(1)), packet("GET_STATUS_UNIQUE", b"v"))),
    Send("worker", (packet("WORK_COMPLETE", Job(1), b"done"), packet("GRAB_JOB_UNIQ"))),
    Send("worker", (packet("WORK_FAIL", Job(2)), packet("GRAB_JOB"))),
)


@examples(120)
@given(st.lists(vandals, min_size=1, max_size=4), st.sampled_from((0, 0, 1, 5)))
def test_malformed_bytes_harm_nobody_else(pair: Pair, sent: list[Vandal], chunk: int) -> None:
    """Ours closes, refuses or waits as it should, and the others' conversation is as in C."""
    with pair.sides() as (c, tx):
        for step in _BEFORE:
            assert tx.play(step) == c.play(step)
        for number, vandal in enumerate(sent):
            _wreck(tx, f"vandal-{number}", vandal, chunk)
            assert tx.play(_BEFORE[1]) == c.play(_BEFORE[1])
        for name in [name for name in tx.links if name.startswith("vandal")]:
            tx.links[name].close()
        tx.await_connections()
        for step in _AFTER:
            assert tx.play(step) == c.play(step)


def _wreck(tx: Side, name: str, vandal: Vandal, chunk: int) -> None:
    sent = Send(name, (Raw(vandal.data),), chunk, "close" if vandal.unfinished else "")
    answers = tx.play(sent).pop(name, [])
    if vandal.closes:
        assert answers == [CLOSED], vandal
    elif vandal.refused:
        assert len(answers) == 1, vandal
        assert answers[0].startswith("ERROR INVALID_ARGUMENT|"), vandal


@examples(150)
@given(st.lists(lines, min_size=1, max_size=6))
def test_any_text_line_is_answered_as_in_c(pair: Pair, sent: list[bytes]) -> None:
    """Right and wrong words in any number and order get the same bytes, or the same end."""
    with pair.sides() as (c, tx):
        for line in sent:
            if line.lower().startswith((b"create", b"maxqueue", b"drop", b"job")):
                event("left to the named scripts")
                continue
            step = Send("a", (Raw(line),))
            ours, theirs = tx.play(step), c.play(step)
            assert ours == theirs, "\n".join([repr(line), *write_answers(theirs, ours)])
