"""Read the code blocks of the documentation, and know which of them a test runs.

Above every code block of a page stands a comment that readers do not see: ``.. test: NAME``, or
``.. no test: REASON`` for one that cannot be run. Several blocks of a page may have one name: they
are one program in parts, or examples of one kind. A test asks for a block by page and name, so the
words that run are the words of the page, and says by :func:`runs` which ones it runs.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from functools import cache, wraps
from pathlib import Path
from textwrap import dedent
from typing import Any, Final, TypeVar, cast

from attrs import frozen

ROOT: Final = Path(__file__).parents[2]
DOCS: Final = ROOT / "docs"

Test = TypeVar("Test", bound=Callable[..., Any])

CLAIMED: Final[set[tuple[str, str]]] = set()
"""Page and name of the blocks that some test says it runs."""

_READ: Final[set[tuple[str, str]]] = set()
"""Page and name of the blocks that were read until now."""

_DIRECTIVE: Final = re.compile(
    r"(?P<indent> *)\.\. (?P<kind>code-block|code|sourcecode|literalinclude|parsed-literal|prompt"
    r"|doctest|testcode|highlight)::(?: +(?P<argument>.+))?"
)
_OPTION: Final = re.compile(r" +:[a-z-]+:")
_COMMENT: Final = re.compile(r" *\.\. (?P<kind>test|no test): (?P<text>.+)", re.DOTALL)


@frozen
class Block:
    """One code block.

    Attributes:
        page: the file, below the root of the checkout.
        line: where it begins.
        kind: the directive, or ``::``.
        language: what the directive says that it is in.
        code: what stands in it.
        name: what a test asks for it by, if one does.
        excuse: why no test does.
    """

    page: str
    line: int
    kind: str
    language: str
    code: str
    name: str = ""
    excuse: str = ""

    @property
    def place(self) -> str:
        """Where it is, for a message."""
        return f"{self.page}:{self.line}"


def pages() -> list[str]:
    """Return every file that a reader may read, below the root of the checkout."""
    found = [*ROOT.glob("*.rst"), *DOCS.rglob("*.rst")]
    return sorted(str(path.relative_to(ROOT)) for path in found if "_build" not in path.parts)


@cache
def blocks_of(page: str) -> list[Block]:
    """Return the code blocks of ``page``, with or without a comment above."""
    path = ROOT / page
    return list(find_blocks(page, path.read_text(encoding="utf-8").splitlines(), path.parent))


def find_blocks(page: str, lines: list[str], folder: Path) -> Iterator[Block]:
    """Yield the code blocks in ``lines``; files that they include lie below ``folder``."""
    number = 0
    while number < len(lines):
        text = lines[number]
        number += 1
        found = _DIRECTIVE.fullmatch(text)
        is_literal = text.endswith("::") and not text.lstrip().startswith("..")
        if found is None and not is_literal and not text.lstrip().startswith(">>>"):
            continue
        start = number
        indent = len(text) - len(text.lstrip())
        while number < len(lines) and (
            not lines[number] or len(lines[number]) - len(lines[number].lstrip()) > indent
        ):
            number += 1
        if found is None:
            yield Block(page, start, "::", "", "")
            continue
        body = "\n".join(line for line in lines[start:number] if not _OPTION.match(line))
        code = f"{dedent(body).strip()}\n"
        if found["kind"] == "literalinclude":
            code = (folder / found["argument"]).read_text(encoding="utf-8")
        kind, text = _comment_above(lines, start - 1)
        yield Block(
            page,
            start,
            found["kind"],
            found["argument"] or "",
            code,
            name=text if kind == "test" else "",
            excuse=text if kind == "no test" else "",
        )


def _comment_above(lines: list[str], number: int) -> tuple[str, str]:
    """Return the kind and the text of the comment above line ``number``, or empty texts."""
    end = number - 1
    if end < 0 or lines[end]:
        return "", ""
    start = end
    while start > 0 and lines[start - 1]:
        start -= 1
    found = _COMMENT.fullmatch("\n".join(lines[start:end]))
    return ("", "") if found is None else (found["kind"], " ".join(found["text"].split()))


def read_blocks(page: str, name: str) -> list[str]:
    """Return the code of all blocks of ``page`` with this name, in the order of the page."""
    found = [block.code for block in blocks_of(page) if block.name == name]
    assert found, f"{page} has no block named {name}"
    _READ.add((page, name))
    return found


def read_block(page: str, name: str) -> str:
    """Return the code of the one block of ``page`` with this name."""
    (code,) = read_blocks(page, name)
    return code


def read_commands(page: str, name: str) -> list[tuple[str, list[str]]]:
    """Return each command of a console block, without its prompt, and the lines shown below it."""
    commands: list[tuple[str, list[str]]] = []
    for line in read_block(page, name).splitlines():
        if line.startswith(("$ ", "# ")):
            commands.append((line[2:], []))
        elif commands[-1][0].endswith("\\"):
            commands[-1] = (f"{commands[-1][0]}\n{line}", [])
        else:
            commands[-1][1].append(line)
    return commands


def runs(page: str, *names: str) -> Callable[[Test], Test]:
    """Return a decorator for a test that runs these blocks; it fails if they are not even read."""

    def decorate(test: Test) -> Test:
        CLAIMED.update((page, name) for name in names)

        def check() -> None:
            unread = [name for name in names if (page, name) not in _READ]
            assert not unread, f"the test says that it runs these blocks of {page}: {unread}"

        if inspect.iscoroutinefunction(test):

            @wraps(test)
            async def run_later(*arguments: Any, **options: Any) -> None:
                await test(*arguments, **options)
                check()

            return cast("Test", run_later)

        @wraps(test)
        def run(*arguments: Any, **options: Any) -> None:
            test(*arguments, **options)
            check()

        return cast("Test", run)

    return decorate
