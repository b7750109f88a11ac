r"""The named scripts of the folder ``scripts``, read into steps and expectations.

One file a subject. A script begins with ``=== its name`` and goes on line by line::

    # what the script shows
    !differs abandoned-job              an allowed difference that it shows; may be repeated
    !bug what is wrong here              a known fault of ours; the test fails when it is mended
    !both --job-retries=2               options of both servers
    !tx --worker-wakeup=1               options of ours alone; !C for the C server alone
    client > SUBMIT_JOB f|u|data        sent by the connection "client", opened when first named
           > "status\r\n"               sent in the same breath
           > close                      ... and then closed (or half-close) without reading
    worker >[1] GRAB_JOB                sent in chunks of one byte
    worker < JOB_ASSIGN {1}|f|data      what both answer
    client <C WORK_FAIL {1}|            what only the C server answers
    client <tx WORK_FAIL {1}            what only ours answers
    worker ? NOOP 2s                    wait for a packet
    client close

A line that begins with its arrow goes on with the connection of the line before. A step without
answers is compared between the servers alone; ``name < (nothing)`` expects silence, and
``name <C (anything)`` leaves a connection's answers open, where the C server's own are a race.
An answer that ends in ``...`` may go on in any way: the texts of our own errors are free.
Where the answers differ the script must name, with ``!differs``, the entries that allow it. When
the C server dies of a step the answer is ``server <C (died)``, and the rest is played to ours
alone.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from attrs import define, field, frozen

from tests.differential.notation import read_item, spell_out
from tests.differential.side import Observation
from tests.differential.steps import Await, Close, Ending, Item, Open, Send, Step

FOLDER: Final = Path(__file__).with_name("scripts")
ANYTHING: Final = "(anything)"

_LINE: Final = re.compile(
    r"(?P<connection>[\w-]*)\s*(?:"
    r"(?P<verb>open|close|half-close)"
    r"|\?\s(?P<packet>\w+)\s(?P<seconds>[\d.]+)s"
    r"|>(?:\[(?P<chunk>\d+)\])?\s(?P<item>.*)"
    r"|<(?P<side>C|tx|)\s(?P<reply>.*)"
    r")"
)
_ENDINGS: Final[dict[str, Ending]] = {"close": "close", "half-close": "half-close"}


@define
class Expected:
    """What each side answers to one step, by connection; quiet connections are left out."""

    c: Observation = field(factory=dict)
    tx: Observation = field(factory=dict)

    def met_by(self, c: Observation, tx: Observation) -> bool:
        """Return whether ``c`` and ``tx`` are the expected answers."""
        return _fits(self.c, c) and _fits(self.tx, tx)

    def add(self, side: str, connection: str, reply: str) -> None:
        """Expect one more ``reply`` on ``connection``, of both sides if ``side`` is empty."""
        if reply == "(nothing)":
            return
        for name, observation in (("C", self.c), ("tx", self.tx)):
            if side in ("", name):
                observation.setdefault(connection, []).append(spell_out(reply))


def _fits(expected: Observation, seen: Observation) -> bool:
    free = {name for name, replies in expected.items() if replies == [ANYTHING]}
    return all(
        name in free or _alike(expected.get(name, []), seen.get(name, []))
        for name in {*expected, *seen}
    )


def _alike(expected: list[str], seen: list[str]) -> bool:
    return len(expected) == len(seen) and all(
        reply.startswith(wanted.removesuffix("...")) if wanted.endswith("...") else reply == wanted
        for wanted, reply in zip(expected, seen, strict=True)
    )


@define
class Script:
    """One named script: its steps, and the answers that were written down for some of them."""

    name: str
    file: str
    differs: list[str] = field(factory=list)
    bugs: list[str] = field(factory=list)
    options: dict[str, list[str]] = field(factory=lambda: {"both": [], "C": [], "tx": []})
    steps: list[Step] = field(factory=list)
    expected: dict[int, Expected] = field(factory=dict)

    def server_options(self, side: str) -> tuple[str, ...]:
        """Return the options with which the server of ``side`` (``C`` or ``tx``) is started."""
        return (*self.options["both"], *self.options[side])


@frozen
class _Reader:
    """The place in a script file, for messages."""

    file: Path
    number: int

    def wrong(self, line: str) -> ValueError:
        return ValueError(f"{self.file.name}:{self.number}: not a line of a script: {line!r}")


def read_scripts(folder: Path = FOLDER) -> list[Script]:
    """Return every script of ``folder``, in the order of the files and of the lines.

    Raises:
        ValueError: a line is not in the notation; the message names file and line.
    """
    scripts: list[Script] = []
    for file in sorted(folder.glob("*.txt")):
        for number, line in enumerate(file.read_text().splitlines(), start=1):
            place = _Reader(file, number)
            text = line.strip()
            if text.startswith("==="):
                scripts.append(Script(text[3:].strip(), file.stem))
            elif text and not text.startswith("#"):
                _read_line(scripts[-1], text, place)
    return scripts


def _read_line(script: Script, text: str, place: _Reader) -> None:
    if text.startswith("!"):
        directive, _, rest = text[1:].partition(" ")
        if directive == "differs":
            script.differs.append(rest)
        elif directive == "bug":
            script.bugs.append(rest)
        else:
            script.options[directive] += rest.split()
        return
    match = _LINE.fullmatch(text)
    if match is None:
        raise place.wrong(text)
    connection = match["connection"] or _last_connection(script, match)
    if match["side"] is not None:
        expected = script.expected.setdefault(len(script.steps) - 1, Expected())
        expected.add(match["side"], connection, match["reply"])
    elif match["item"] is None:
        script.steps.append(_other_step(connection, match))
    else:
        _add_item(script, connection, match)


def _last_connection(script: Script, match: re.Match[str]) -> str:
    expected = script.expected.get(len(script.steps) - 1)
    if match["side"] is not None and expected is not None:
        return next(reversed({**expected.c, **expected.tx}))
    return script.steps[-1].connection


def _other_step(connection: str, match: re.Match[str]) -> Step:
    if match["packet"]:
        return Await(connection, match["packet"], float(match["seconds"]))
    if match["verb"] == "open":
        return Open(connection)
    return Close(connection, half=match["verb"] == "half-close")


def _add_item(script: Script, connection: str, match: re.Match[str]) -> None:
    chunk = int(match["chunk"] or 0)
    before: tuple[Item, ...] = ()
    if not match["connection"]:
        last = script.steps.pop()
        assert isinstance(last, Send), "only what is sent can be gone on with"
        before, chunk = last.items, last.chunk
    ending = _ENDINGS.get(match["item"], "")
    items = before if ending else (*before, read_item(match["item"]))
    script.steps.append(Send(connection, items, chunk, ending))
