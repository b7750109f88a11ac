"""No two files import each other when they run; for annotations only those that the page names."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "gearman_tx"
PAGE = ROOT / "docs" / "architecture.rst"

Graph = dict[str, set[str]]


def name_of(path: Path) -> str:
    """Return the dotted name of a module."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def imports_of(tree: ast.AST, *, annotations: bool) -> Iterator[str]:
    """Yield the dotted names that a file imports; those under TYPE_CHECKING only if asked for."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            if annotations:
                yield from imports_of(node, annotations=True)
        else:
            yield from imports_of(node, annotations=annotations)


def graph(*, annotations: bool) -> Graph:
    """Return which module imports which, without the doors of the rooms."""
    paths = {name_of(path): path for path in PACKAGE.rglob("*.py") if path.name != "__init__.py"}
    found: Graph = {}
    for name, path in paths.items():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        found[name] = set(imports_of(tree, annotations=annotations)) & paths.keys() - {name}
    return found


def reachable(imports: Graph, start: str) -> set[str]:
    """Return all modules that ``start`` leads to."""
    found: set[str] = set()
    left = [start]
    while left:
        for name in imports[left.pop()] - found:
            found.add(name)
            left.append(name)
    return found


def test_no_files_import_each_other_when_they_run() -> None:
    """Whatever is imported first."""
    try:
        TopologicalSorter(graph(annotations=False)).prepare()
    except CycleError as error:
        raise AssertionError(f"a circle of imports: {error.args[1]}") from error


def test_circles_for_annotations_are_those_that_the_page_explains() -> None:
    """Each is named there, with its reason."""
    imports = graph(annotations=True)
    reach = {name: reachable(imports, name) for name in imports}
    circles = {
        frozenset(other for other in reach[name] if name in reach[other])
        for name in imports
        if name in reach[name]
    }
    section = PAGE.read_text(encoding="utf-8").partition(".. _circles:")[2].partition("\n.. _")[0]
    explained = {
        frozenset(f"gearman_tx.{name.strip('`').replace('/', '.')}" for name in names.split(", "))
        for names in re.findall(r"^(``\S+``(?:, ``\S+``)+)$", section, re.MULTILINE)
    }
    assert circles == explained
