"""The list of differences as a part of ``docs/reference/compatibility.rst``.

``python -m tests.differential.page`` writes it there, between its two marks; a test finds out when
that was forgotten.
"""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from textwrap import fill
from typing import Final

from tests.differential.differences import DIFFERENCES, Difference

PAGE: Final = Path(__file__).parents[2] / "docs" / "reference" / "compatibility.rst"
BEGIN: Final = ".. The differences below are written by python -m tests.differential.page\n"
END: Final = ".. The differences end here\n"
_WIDTH: Final = 99


def render() -> str:
    """Return the differences as headings and definition lists."""
    parts = []
    for subject, differences in groupby(DIFFERENCES, key=lambda difference: difference.subject):
        parts.append(f"{subject}\n{'-' * len(subject)}\n")
        parts += [_entry(difference) for difference in differences]
    return "\n".join(parts)


def _entry(difference: Difference) -> str:
    title = difference.name.replace("-", " ")
    lines = [
        fill(f"{label} {text}", _WIDTH, initial_indent="    ", subsequent_indent="    ")
        for label, text in (
            ("*C server:*", difference.c),
            ("*Here:*", difference.ours),
            ("*Why:*", difference.why),
        )
    ]
    return f"**{title}**\n" + "\n\n".join(lines) + "\n"


def with_differences(page: str) -> str:
    """Return ``page`` with the list as it is now between the marks."""
    head, _, rest = page.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}\n{render()}\n{END}{tail}"


if __name__ == "__main__":
    PAGE.write_text(with_differences(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
