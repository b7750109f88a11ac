"""The reference page shows what the server really answers."""

from __future__ import annotations

import re

from tests.admin.server_fixture import busy_server, empty_server
from tests.docs.blocks import ROOT, read_blocks, runs

PAGE = "docs/reference/text-protocol.rst"
EXAMPLE = re.compile(r"> (.+)\n((?:.*\n)+)")


def cells(text: str) -> list[list[str]]:
    """Return the lines of ``text`` without regard to how columns are set apart."""
    return [line.split() for line in text.splitlines()]


@runs(PAGE, "examples")
def test_examples() -> None:
    """Every example, asked in the page's order, gets the reply that stands below it."""
    server = busy_server()
    examples = read_blocks(PAGE, "examples")
    for example in examples:
        found = EXAMPLE.fullmatch(example)
        assert found is not None, example
        line, reply = found.groups()
        assert cells(server.ask(line.encode()).decode()) == cells(reply), line
    assert len(examples) > 10


def test_every_command_has_its_place() -> None:
    """Every command that ``help`` lists stands on the page, written in the same way."""
    page = (ROOT / PAGE).read_text(encoding="utf-8")
    listed = empty_server(shutdown=lambda _: None).ask(b"help").decode().splitlines()[:-1]
    assert not [line for line in listed if f"``{line.partition('  ')[0].strip()}``" not in page]
