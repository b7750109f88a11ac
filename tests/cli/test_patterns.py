"""The functions that the user named, by their names or by patterns."""

from __future__ import annotations

import pytest

from gearman_tx.cli.patterns import Patterns

CAFE = "caf\xe9"
FUNCTIONS = (b"resize", b"image-1", b"image-2", b"team\tresize", CAFE.encode(), b"\xff", b"a[1]")


@pytest.mark.parametrize(
    ("words", "selected"),
    [
        ((), FUNCTIONS),
        (("resize",), (b"resize",)),
        (("image-*",), (b"image-1", b"image-2")),
        (("image-?", "resize"), (b"image-1", b"image-2", b"resize")),
        (("team\\x09resize",), (b"team\tresize",)),
        (("team\tresize",), (b"team\tresize",)),
        ((CAFE,), (CAFE.encode(),)),
        (("\\xff",), (b"\xff",)),
        (("a[1]",), (b"a[1]",)),
    ],
)
def test_selection(words: tuple[str, ...], selected: tuple[bytes, ...]) -> None:
    """A name may be typed as it is, or as reports show it; no name means all."""
    names = Patterns(words)
    assert names.select(FUNCTIONS) == set(selected)
    assert names.take_unknown() is None


def test_unknown_names() -> None:
    """A word is unknown if it named no function since it was asked for last."""
    names = Patterns(("resize", "nosuch", "no-*"))
    names.select((b"resize",))
    names.select((b"nosuch",))
    unknown = names.take_unknown()
    assert unknown is not None
    assert unknown.status == 1
    assert str(unknown).startswith("no job server knows a function no-*;")
    assert "resize, nosuch" in str(names.take_unknown())
