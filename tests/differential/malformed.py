"""What no sound peer sends, and what becomes of the connection that sends it."""

from __future__ import annotations

import struct
from typing import Final

from attrs import frozen
from hypothesis import strategies as st

from tests.differential.packets import NUMBERS, REQUEST, encode

ARGUMENTS: Final = {
    "SUBMIT_JOB": 3,
    "SUBMIT_JOB_BG": 3,
    "SUBMIT_JOB_HIGH": 3,
    "SUBMIT_JOB_HIGH_BG": 3,
    "SUBMIT_JOB_LOW": 3,
    "SUBMIT_JOB_LOW_BG": 3,
    "SUBMIT_JOB_EPOCH": 4,
    "SUBMIT_REDUCE_JOB": 5,
    "SUBMIT_REDUCE_JOB_BACKGROUND": 5,
    "WORK_STATUS": 3,
    "CAN_DO_TIMEOUT": 2,
}
"""The arguments of the packets that are refused when they have fewer."""


@frozen
class Vandal:
    """One connection's bytes, and what ours does.

    Attributes:
        data: what is sent.
        closes: ours closes the connection without an answer; so does the C server.
        refused: ours answers with one ERROR ``INVALID_ARGUMENT`` and goes on.
        unfinished: nothing is to be answered, because the packet or line has no end.
    """

    data: bytes
    closes: bool = False
    refused: bool = False
    unfinished: bool = False


def _header(magic: bytes, number: int, size: int) -> bytes:
    return magic + struct.pack(">LL", number, size)


wrong_magic = st.builds(
    lambda magic, number, body: Vandal(
        _header(b"\0" + magic, number, len(body)) + body, closes=True
    ),
    st.binary(min_size=3, max_size=3).filter(lambda magic: magic not in {b"REQ", b"RES"}),
    st.integers(1, 42),
    st.binary(max_size=20),
)
wrong_type = st.builds(
    lambda number, body: Vandal(encode(number, body), closes=True),
    st.one_of(st.just(0), st.integers(43, 2**31 - 1)),
    st.binary(max_size=20),
)
words = st.binary(min_size=1, max_size=8).map(lambda word: word.replace(b"\0", b"0"))


@st.composite
def _short(draw: st.DrawFn) -> Vandal:
    name = draw(st.sampled_from(sorted(ARGUMENTS)))
    count = draw(st.integers(1, ARGUMENTS[name] - 1))
    body = b"\0".join(draw(st.lists(words, min_size=count, max_size=count)))
    return Vandal(encode(NUMBERS[name], body), refused=True)


too_few_arguments: Final = _short()
unfinished = st.builds(
    lambda number, claimed, body: Vandal(
        _header(REQUEST, number, len(body) + claimed) + body, unfinished=True
    ),
    st.sampled_from((NUMBERS["SUBMIT_JOB_BG"], NUMBERS["ECHO_REQ"], NUMBERS["WORK_COMPLETE"])),
    st.integers(1, 100_000),
    st.binary(max_size=20),
)
noise = st.builds(
    lambda data: Vandal(data, unfinished=True),
    st.binary(min_size=1, max_size=200).map(lambda data: data.replace(b"\0REQ", b"\0QER")),
)

vandals = st.one_of(wrong_magic, wrong_type, too_few_arguments, unfinished, noise)

_KEYWORDS: Final = (
    b"status STATUS Show show jobs unique cancel job create function drop maxqueue version getpid "
    b"prioritystatus f g 1 -1 x verbosity . OK"
).split()
lines = st.builds(
    lambda words, gap, end: gap.join(words) + end,
    st.lists(
        st.one_of(st.sampled_from(_KEYWORDS), st.text("az09+-_.:%\\", max_size=6).map(str.encode)),
        max_size=7,
    ),
    st.sampled_from((b" ", b" ", b" ", b"  ", b"\t")),
    st.sampled_from((b"\r\n", b"\r\n", b"\n")),
)
"""Text lines of right and wrong words in any order."""
