"""The reference page shows what the server really answers."""

from __future__ import annotations

import re
from pathlib import Path

from tests.admin.scene import busy_scene, empty_scene

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "text-protocol.rst"
EXAMPLE = re.compile(r"\.\. code-block:: text\n\n   > (.+)\n((?:   .*\n)+)")


def cells(text: str) -> list[list[str]]:
    """Return the lines of ``text`` without regard to how columns are set apart."""
    return [line.split() for line in text.splitlines()]


def test_examples() -> None:
    """Every example, asked in the page's order, gets the reply that stands below it."""
    scene = busy_scene()
    examples = EXAMPLE.findall(PAGE.read_text(encoding="utf-8"))
    for line, reply in examples:
        assert cells(scene.ask(line.encode()).decode()) == cells(reply), line
    assert len(examples) > 10


def test_every_command_has_its_place() -> None:
    """Every command that ``help`` lists stands on the page, written in the same way."""
    page = PAGE.read_text(encoding="utf-8")
    listed = empty_scene(shutdown=lambda _: None).ask(b"help").decode().splitlines()[:-1]
    assert not [line for line in listed if f"``{line.partition('  ')[0].strip()}``" not in page]
