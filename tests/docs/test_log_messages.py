"""The page about log messages has every kind of line that the server writes, and no other."""

from __future__ import annotations

import re

from tests.docs.blocks import ROOT

PAGE = "docs/reference/log-messages.rst"
WRITTEN = re.compile(r'(?:\bevent=|_warn\(\s*)"([a-z_]+)"')
ROOMS = ("server", "daemon", "link", "gearmand")


def test_every_event_has_its_entry() -> None:
    """A program that reads the JSON log finds each ``event`` on the page."""
    written = {
        name
        for room in ROOMS
        for path in (ROOT / "gearman_tx" / room).rglob("*.py")
        for name in WRITTEN.findall(path.read_text(encoding="utf-8"))
    }
    text = (ROOT / PAGE).read_text(encoding="utf-8")
    terms = [line for line in text.splitlines() if re.fullmatch(r"``\w+``(, ``\w+``)*", line)]
    described = {name for line in terms for name in re.findall(r"``(\w+)``", line)}
    assert described == written


def test_every_line_of_the_server_has_an_event() -> None:
    """A call of the log without ``event`` would be null in JSON."""
    calls = re.compile(
        r"\b_?log\.(?:debug|info|warn|error|critical|failure)\(((?:[^()]|\([^()]*\))*)\)"
    )
    missing = [
        f"{path.relative_to(ROOT)}: {' '.join(found[0].split())}"
        for room in ("server", "daemon")
        for path in (ROOT / "gearman_tx" / room).rglob("*.py")
        for found in calls.finditer(path.read_text(encoding="utf-8"))
        if "event=" not in found[1]
    ]
    assert missing == []
