"""The reference of the Python interface has everything that a program may import."""

from __future__ import annotations

import re
from importlib.metadata import requires

import pytest

import gearman_tx
from gearman_tx import admin, aio, client, encoders, errors, testing, worker
from tests.docs.blocks import DOCS, read_block, runs

FOLDER = DOCS / "reference" / "api"
ERRORS = "docs/reference/api/errors.rst"
DESCRIBED = re.compile(r"(?:auto|py:)(?:class|exception|function|data|type):: ([\w.]+)")
INSIDE = {
    "MAX_WORDS",  # of the server's side of the text protocol
    "VERBOSITIES",
    "AdminCommands",
    "escape",
    "unescape",
    "PROCESS",  # written as plain words by those who use them
    "REACTOR",
    "THREAD",
    "FunctionRunner",  # for the room that replaces threads
    "WorkerFunction",
    "call_in_reactor",
    "call_in_thread",
    "read_jobs",
    "Update",  # the three of it are described one by one
    "__version__",
}
"""What is re-exported for other rooms, or needs no description."""


@pytest.mark.parametrize(
    "room", [gearman_tx, admin, aio, client, encoders, errors, testing, worker]
)
def test_everything_has_its_place(room: object) -> None:
    """Each public name of a room that users import from is described on some page."""
    text = "\n".join(page.read_text(encoding="utf-8") for page in FOLDER.glob("*.rst"))
    described = {name.rpartition(".")[2] for name in DESCRIBED.findall(text)}
    described |= set(re.findall(r"\w+", " ".join(re.findall(r":members: (.+)", text))))
    names = getattr(room, "__all__", None) or [
        name
        for name, thing in vars(room).items()
        if getattr(thing, "__module__", "") == getattr(room, "__name__", "") and name[0] != "_"
    ]
    assert names
    assert not set(names) - described - INSIDE - {"T"}


@runs(ERRORS, "tree")
def test_the_tree_of_errors() -> None:
    """Each error stands below its base, and every error is there."""
    bases: list[str] = []
    shown = {}
    for line in read_block(ERRORS, "tree").splitlines():
        found = re.match(r"([ │├└─]*)(\w+)", line)
        assert found is not None, line
        depth = len(found[1]) // 4
        bases[depth:] = [found[2]]
        shown[found[2]] = bases[depth - 1] if depth else "Exception"
    real = {
        name: thing.__base__.__name__
        for name, thing in vars(errors).items()
        if isinstance(thing, type) and issubclass(thing, errors.GearmanError) and thing.__base__
    }
    assert shown == real


def test_the_extra_builds_the_reference() -> None:
    """``tox -e docs`` installs ``[docs]`` alone, and docstrings need what modules import."""
    needed = [line for line in requires("gearman-tx") or () if 'extra == "docs"' in line]
    assert {"sphinx", "furo"} <= {re.split(r"\W", line)[0] for line in needed}
