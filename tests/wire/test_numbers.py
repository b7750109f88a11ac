"""Numbers in packets are read as C's ``strtol`` reads them."""

from __future__ import annotations

import ctypes

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gearman_tx.wire import leading_number

LARGEST = 2**63 - 1
SMALLEST = -(2**63)


def c_number(text: bytes) -> int:
    """Return what the C library's ``strtoll`` makes of ``text``."""
    strtoll = ctypes.CDLL(None).strtoll
    strtoll.restype = ctypes.c_longlong
    strtoll.argtypes = [ctypes.c_char_p, ctypes.c_void_p, ctypes.c_int]
    return int(strtoll(text, None, 10))


@pytest.mark.parametrize(
    ("text", "number"),
    [
        (b"", 0),
        (b"0", 0),
        (b"007", 7),
        (b"12", 12),
        (b"-5", -5),
        (b"+5", 5),
        (b" \t\n\v\f\r12", 12),
        (b"12x", 12),
        (b"1e3", 1),
        (b"1.9", 1),
        (b"abc", 0),
        (b"-", 0),
        (b"- 5", 0),
        (b"+-5", 0),
        (b"0x10", 0),
        (b"\0001", 0),
        (b"1\0002", 1),
        (b"\x00\x00\x00\x05", 0),
        ("١٢".encode(), 0),  # digits of another script are no digits here
        (b"9" * 25, int("9" * 25)),
        (b"9" * 26, int("9" * 25)),
    ],
)
def test_a_number_ends_where_the_digits_end(text: bytes, number: int) -> None:
    """Blanks before it and anything behind it are skipped; no number is 0."""
    assert leading_number(text) == number


def test_endless_digits_cost_nothing() -> None:
    """A megabyte of digits gives the first 25 of them, at once."""
    assert leading_number(b"1" * 1_000_000) == int("1" * 25)


@given(
    st.builds(
        lambda blanks, sign, digits, rest: blanks + sign + digits + rest,
        st.text(" \t\n\v\f\r", max_size=3).map(str.encode),
        st.sampled_from([b"", b"+", b"-", b"--"]),
        st.text("0123456789", max_size=25).map(str.encode),
        st.binary(max_size=5).map(lambda rest: b"x" + rest if rest[:1].isdigit() else rest),
    )
)
@example(b"9223372036854775807")
@example(b"9223372036854775808")
@example(b"-9223372036854775808")
@example(b"-9223372036854775809")
def test_numbers_are_those_of_the_c_library(text: bytes) -> None:
    """Up to 25 digits, the number is C's, before C cuts it to 64 bits."""
    assert min(max(leading_number(text), SMALLEST), LARGEST) == c_number(text)


@given(st.binary())
def test_any_bytes_are_a_number(text: bytes) -> None:
    """Nothing that a peer sends raises, and the number is below ten to the 25."""
    assert abs(leading_number(text)) < 10**25
