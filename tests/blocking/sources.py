"""The source distribution of pygearman: its documentation's programs, and its tests.

It is fetched from the package index by pip and kept in pytest's cache folder. Nothing of it is part
of this repository.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tarfile
from importlib.metadata import version
from pathlib import Path
from textwrap import dedent
from typing import Final

from tests.interop.our_import import change_import
from tests.support.peers import require_peer
from tests.support.sharing import make_once

FETCH_SECONDS: Final = 180
SECOND: Final = "# python-gearman 2.x"
"""Separates the old interface from the new one, in a page that compares them."""


def fetch(folder: Path) -> Path:
    """Return the folder of pygearman's sources, in the installed version."""
    name = f"pygearman-{version('pygearman')}"

    def download(folder: Path) -> None:
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary=:all:"]
        command += ["-d", str(folder), name.replace("-", "==")]
        done = subprocess.run(command, capture_output=True, timeout=FETCH_SECONDS, check=False)
        found = done.returncode == 0
        require_peer(found, f"the source of {name}", f"pip said: {done.stderr.decode()[-500:]}")
        with tarfile.open(folder / f"{name}.tar.gz") as archive:
            # Debian 12 has Python 3.11.2, whose tarfile knows no filters yet.
            if hasattr(tarfile, "data_filter"):
                archive.extraction_filter = tarfile.data_filter
            archive.extractall(folder)  # noqa: S202  # a source distribution of PyPI

    return make_once(folder, name.encode(), download) / name


def examples(page: Path) -> list[str]:
    """Return the indented blocks of a page, each below a line that ends in two colons."""
    lines = page.read_text(encoding="utf-8").splitlines()
    found = []
    for number, line in enumerate(lines):
        if not line.endswith("::") or line.lstrip().startswith(".."):
            continue
        indent = len(line) - len(line.lstrip())
        end = number + 1
        while end < len(lines) and (not lines[end].strip() or _indent(lines[end]) > indent):
            end += 1
        text = dedent("\n".join(lines[number + 1 : end])).strip()
        found.append(text.partition(SECOND)[2] or text)
    return found


def in_python_3(code: str) -> str:
    """Return an example with Python 3's ``print`` and ``range``."""
    lines = []
    depth, is_print = 0, False
    for text in code.replace("xrange(", "range(").splitlines():
        line = text
        if not depth and (found := re.match(r" *print (?=\S)", line)):
            line = f"{found[0].rstrip()}({line[found.end() :]}"
            is_print = True
        depth += text.count("(") + text.count("[") - text.count(")") - text.count("]")
        if is_print and not depth:
            line, is_print = f"{line})", False
        lines.append(line)
    return "\n".join(lines)


def program(*parts: str, ours: bool, port: int) -> str:
    """Return examples as one program, for the job server on ``port``.

    Args:
        parts: the examples.
        ours: change the import to ``gearman_tx.blocking``.
        port: where the job server is.
    """
    code = "\n".join(["import gearman", "from gearman.constants import JOB_UNKNOWN", *parts])
    code = in_python_3(code).replace("otherhost:4730", "127.0.0.1:1")
    code = code.replace("localhost:4730", f"127.0.0.1:{port}")
    return change_import(code) if ours else code


def without_workings(code: str, workings: set[str]) -> str:
    """Return a test module without the tests of pygearman's internals, for ``blocking``.

    Args:
        code: the module.
        workings: names of tests that are left out; imports that they alone need go too.
    """
    module = ast.parse(code)
    module.body = [node for node in module.body if getattr(node, "name", "") not in workings]
    used = {node.id for node in ast.walk(module) if isinstance(node, ast.Name)}
    for node in list(module.body):
        if isinstance(node, ast.ImportFrom):
            node.names = [alias for alias in node.names if alias.name in used]
            if not node.names:
                module.body.remove(node)
    return change_import(ast.unparse(module))


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
