"""No code block of the documentation escapes: each is run by a test, or says why it cannot be."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from tests.docs.blocks import CLAIMED, ROOT, Block, blocks_of, find_blocks, pages

TESTS = (*sorted(Path(__file__).parent.glob("test_*.py")), ROOT / "tests/admin/test_reference.py")
SHORTEST_REASON = 3  # words


def claimed() -> set[tuple[str, str]]:
    """Return page and name of every block that some test says it runs."""
    for path in TESTS:
        import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
    return CLAIMED


def find(text: str) -> list[Block]:
    """Return the blocks of a page with this text."""
    return list(find_blocks("page.rst", text.splitlines(), ROOT))


def docstrings() -> Iterator[tuple[str, str]]:
    """Yield each docstring of the package, which the reference shows, with the place it is at."""
    for path in sorted((ROOT / "gearman_tx").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                text = ast.get_docstring(node)
                if text:
                    line = getattr(node, "lineno", 1)
                    yield f"{path.relative_to(ROOT)}:{line}", text


@pytest.mark.parametrize("page", pages())
def test_every_block_is_run_or_excused(page: str) -> None:
    """Each block of a page has a name that a test claims, or a reason why there is no test."""
    known = claimed()
    escaped = [
        block.place
        for block in blocks_of(page)
        if (page, block.name) not in known and len(block.excuse.split()) < SHORTEST_REASON
    ]
    assert not escaped, f"no test runs these blocks, and no comment says why: {escaped}"


def test_every_claim_is_about_a_block() -> None:
    """No test claims a block that the documentation does not have (any more)."""
    there = {(page, block.name) for page in pages() for block in blocks_of(page)}
    assert not claimed() - there


def test_no_docstring_has_a_block() -> None:
    """Examples stand on pages, where tests run them; the reference has none of its own."""
    found = [place for place, text in docstrings() if find(text)]
    assert not found, f"move these examples to a page: {found}"


def test_a_block_is_found_with_its_comment() -> None:
    """The name, the language and the code are read; options of the directive are not code."""
    text = (
        "Text\n\n.. test: NAME\n\n.. code-block:: python\n   :caption: a.py\n\n   a\n\n   b\n\nEnd"
    )
    (block,) = find(text)
    assert (block.name, block.language, block.code, block.line) == ("NAME", "python", "a\n\nb\n", 5)


def test_a_reason_may_need_two_lines() -> None:
    """The reason is read as one line."""
    (block,) = find(".. no test: there is\n   no such thing\n\n.. code-block:: text\n\n   a\n")
    assert (block.name, block.excuse) == ("", "there is no such thing")


@pytest.mark.parametrize(
    "text",
    [
        "Text\n\n.. code-block:: python\n\n   a\n",
        ".. test: NAME\n\nText\n\n.. code-block:: python\n\n   a\n",
        ".. test: NAME\n.. code-block:: python\n\n   a\n",
        "Like this::\n\n   a\n",
        "- a point::\n\n     a\n",
        ">>> a\n",
    ],
)
def test_a_block_without_a_comment_is_found(text: str) -> None:
    """Whatever shows code and has no comment right above it has neither name nor reason."""
    (block,) = find(text)
    assert not block.name
    assert not block.excuse
