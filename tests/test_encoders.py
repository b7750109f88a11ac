"""Encoders: what goes in comes out, and what they cannot say is an error of Python's own kind."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gearman_tx.encoders import BYTES, JSON, TEXT, MsgpackEncoder
from gearman_tx.errors import ConfigurationError

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(st.binary())
def test_bytes_are_as_they_are(data: bytes) -> None:
    """Encoding and decoding change nothing, and other objects made of bytes become bytes."""
    assert BYTES.decode(BYTES.encode(data)) == data
    assert BYTES.encode(bytearray(data)) == data
    assert BYTES.encode(memoryview(data)) == data


@given(st.text())
def test_text_is_utf_8(text: str) -> None:
    """What goes in comes out."""
    assert TEXT.decode(TEXT.encode(text)) == text
    assert TEXT.encode(text) == text.encode("utf-8")


@given(VALUES)
def test_json_values_come_back(value: Any) -> None:
    """What goes in comes out, and it is one line."""
    data = JSON.encode(value)
    assert JSON.decode(data) == value
    assert b"\n" not in data


@given(VALUES)
def test_msgpack_values_come_back(value: Any) -> None:
    """What goes in comes out."""
    encoder = MsgpackEncoder()
    assert encoder.decode(encoder.encode(value)) == value


def test_no_bytes_are_nothing() -> None:
    """A worker that has nothing to say sends no bytes, which neither JSON nor MessagePack is."""
    assert JSON.decode(b"") is None
    assert MsgpackEncoder().decode(b"") is None


@pytest.mark.parametrize(
    ("encoder", "value", "kind"),
    [
        (BYTES, "text", TypeError),
        (TEXT, b"bytes", TypeError),
        (JSON, {1, 2}, TypeError),
        (JSON, float("nan"), ValueError),
        (JSON, b"bytes", TypeError),
    ],
)
def test_what_cannot_be_encoded(encoder: Any, value: Any, kind: type[Exception]) -> None:
    """The error is raised where the value is given."""
    with pytest.raises(kind):
        encoder.encode(value)


LONG_TEXT = "." * 5000 + "secret"


@pytest.mark.parametrize(
    ("encoder", "value"),
    [
        (TEXT, LONG_TEXT + "\ud800"),
        (JSON, {"password": LONG_TEXT + "\ud800"}),
        (JSON, [LONG_TEXT, {1}]),
        (MsgpackEncoder(), [LONG_TEXT, {1}]),
    ],
)
def test_an_error_of_encoding_shows_no_workload(encoder: Any, value: Any) -> None:
    """Errors get into logs."""
    with pytest.raises((TypeError, ValueError)) as caught:
        encoder.encode(value)
    shown = f"{caught.value} {caught.value!r}"
    assert "secret" not in shown
    assert len(shown) < 1000


@pytest.mark.parametrize(
    ("encoder", "data"),
    [
        (TEXT, LONG_TEXT.encode() + b"\xff"),
        (JSON, LONG_TEXT.encode() + b"\xff"),
        (JSON, LONG_TEXT.encode()),
        (MsgpackEncoder(), MsgpackEncoder().encode(LONG_TEXT) * 2),
        (MsgpackEncoder(), MsgpackEncoder().encode(LONG_TEXT)[:-1]),
    ],
)
def test_an_error_of_decoding_shows_no_workload(encoder: Any, data: bytes) -> None:
    """It says what is wrong, and where."""
    with pytest.raises(ValueError) as caught:  # noqa: PT011  # each encoder has words of its own
        encoder.decode(data)
    shown = f"{caught.value} {caught.value!r}"
    assert "secret" not in shown
    assert len(shown) < 1000


def test_an_error_of_a_text_says_where_it_is() -> None:
    """The faulty byte, its place and the size of all."""
    with pytest.raises(UnicodeDecodeError) as caught:
        TEXT.decode(LONG_TEXT.encode() + b"\xff...")
    assert caught.value.object == b"\xff"
    assert str(caught.value).endswith("invalid start byte (at 5006 of 5010)")


@pytest.mark.parametrize(
    ("encoder", "data"),
    [(TEXT, b"\xff"), (JSON, b"{"), (JSON, b"\xff"), (MsgpackEncoder(), b"\xc1")],
)
def test_what_cannot_be_decoded(encoder: Any, data: bytes) -> None:
    """It is a ValueError, whichever encoder it is."""
    with pytest.raises(ValueError):  # noqa: PT011  # each encoder has words of its own
        encoder.decode(data)


def test_msgpack_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says how to install it."""
    monkeypatch.setitem(sys.modules, "msgpack", None)
    with pytest.raises(ConfigurationError, match="pip install msgpack"):
        MsgpackEncoder()
