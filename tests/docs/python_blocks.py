"""Run a Python block of a page, as it stands there.

It runs inside a coroutine, so it may ``await``; the names it needs are given to it.
"""

from __future__ import annotations

import ast
import inspect
from typing import Any

from tests.docs.blocks import read_block


async def run_block(
    page: str, name: str, names: dict[str, Any] | None = None, port: int = 4730
) -> list[str]:
    """Run a block and return the lines that it prints.

    Args:
        page: the page, below the root of the checkout.
        name: the block's name.
        names: what the block may use; what it defines is added.
        port: where the job server is for which the page says 4730.
    """
    text = read_block(page, name).replace("4730", str(port))
    where = f"{page}, block {name}"
    code = compile(text, where, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    lines: list[str] = []
    names = {} if names is None else names
    names["print"] = lambda *words: lines.append(" ".join(map(str, words)))
    done = eval(code, names)  # noqa: S307  # the documentation's own words
    if inspect.isawaitable(done):
        await done
    return lines
