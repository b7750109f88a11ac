"""Read and run the Python blocks of a page, each with the comment above it that names it.

Above every block stands ``.. test: NAME``, which readers do not see. A block runs as it stands in
the page, inside a coroutine, so it may ``await``; the names it needs are given to it.
"""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path
from textwrap import dedent
from typing import Any

DOCS = Path(__file__).parents[2] / "docs"
DIRECTIVE = re.compile(r"^\.\. (code-block|literalinclude):: ", re.MULTILINE)
BLOCK = re.compile(
    r"^\.\. test: (?P<name>.+)\n\n\.\. code-block:: python\n\n(?P<code>(?:(?:   .*)?\n)+)",
    re.MULTILINE,
)


def count_blocks(page: str) -> int:
    """Return how many code blocks ``page`` has, with or without a comment above."""
    return len(DIRECTIVE.findall((DOCS / page).read_text(encoding="utf-8")))


def read_blocks(page: str) -> dict[str, str]:
    """Return the code of each block of ``page`` that is to be tested, by its name."""
    text = (DOCS / page).read_text(encoding="utf-8")
    return {found["name"]: dedent(found["code"]) for found in BLOCK.finditer(text)}


async def run_block(
    page: str, name: str, names: dict[str, Any] | None = None, port: int = 4730
) -> list[str]:
    """Run a block and return the lines that it prints.

    Args:
        page: the page, below the folder of the documentation.
        name: the block's name.
        names: what the block may use; what it defines is added.
        port: where the job server is for which the page says 4730.
    """
    text = read_blocks(page)[name].replace("4730", str(port))
    where = f"{page}, block {name}"
    code = compile(text, where, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    lines: list[str] = []
    names = {} if names is None else names
    names["print"] = lambda *words: lines.append(" ".join(map(str, words)))
    done = eval(code, names)  # noqa: S307  # the documentation's own words
    if inspect.isawaitable(done):
        await done
    return lines
