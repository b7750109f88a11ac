"""Read the code blocks of README.rst, each with the comment above it that says who tests it.

Above every block stands a comment that readers do not see: ``.. test: NAME``, or
``.. no test: REASON`` for one that cannot be run. The tests ask for a block by its name, so the
words that run here are the words in the file.
"""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import dedent

README = Path(__file__).parents[2] / "README.rst"
DIRECTIVE = re.compile(r"^\.\. code-block:: ", re.MULTILINE)
BLOCK = re.compile(
    r"^\.\. (?P<kind>test|no test): (?P<text>.+)\n\n"
    r"\.\. code-block:: console\n\n"
    r"(?P<lines>(?:   \$ .+\n)+)",
    re.MULTILINE,
)

PROGRAM = re.compile(
    r"^\.\. test: (?P<name>.+)\n\n"
    r"\.\. code-block:: python\n\n"
    r"(?P<lines>(?:   .*\n|\n)+)",
    re.MULTILINE,
)


def count_code_blocks() -> int:
    """Return how many code blocks README.rst has, with or without a comment above."""
    return len(DIRECTIVE.findall(README.read_text(encoding="utf-8")))


def read_blocks() -> dict[str, list[str]]:
    """Return the commands of each block that is to be tested, by the block's name."""
    return {
        found["text"]: [line.removeprefix("   $ ") for line in found["lines"].splitlines()]
        for found in BLOCK.finditer(README.read_text(encoding="utf-8"))
        if found["kind"] == "test"
    }


def read_programs() -> dict[str, str]:
    """Return each Python program of README.rst, by its name."""
    text = README.read_text(encoding="utf-8")
    return {found["name"]: dedent(found["lines"]) for found in PROGRAM.finditer(text)}


def count_excused_blocks() -> int:
    """Return how many blocks say why no test runs them."""
    text = README.read_text(encoding="utf-8")
    return sum(found["kind"] == "no test" for found in BLOCK.finditer(text))
