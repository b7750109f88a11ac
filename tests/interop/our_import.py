"""A program on ``import gearman`` turned into one on our blocking door: the import changes."""

from __future__ import annotations

import re
from pathlib import Path

_IMPORTS = (
    (
        re.compile(r"^( *)import gearman$", re.MULTILINE),
        r"\1from gearman_tx import blocking as gearman",
    ),
    (
        re.compile(r"^( *)from gearman(\.\w+)? import ", re.MULTILINE),
        r"\1from gearman_tx.blocking\2 import ",
    ),
)


def change_import(code: str) -> str:
    """Return ``code`` with its imports of ``gearman`` changed, and nothing else.

    Raises:
        ValueError: it has none.
    """
    changes = 0
    for pattern, ours in _IMPORTS:
        code, count = pattern.subn(ours, code)
        changes += count
    if not changes:
        raise ValueError("there is no import of gearman to change")
    return code


def with_our_import(program: Path, folder: Path) -> Path:
    """Write ``program`` with its import changed to ``folder``; return where it is."""
    ours = folder / program.name
    ours.write_text(change_import(program.read_text(encoding="utf-8")), encoding="utf-8")
    return ours
