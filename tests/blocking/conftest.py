"""Fixtures of the blocking package's tests: both job servers, programs, both libraries."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.interop.conftest import (
    function,
    interop,
    kind,
    peers,
    server,
    shared_servers,
    start_server,
)
from tests.interop.our_import import with_our_import
from tests.support.peers import require_peer

__all__ = ["function", "interop", "kind", "peers", "server", "shared_servers", "start_server"]

PROGRAMS = Path(__file__).parent / "programs"
one_server = pytest.mark.parametrize("kind", ["ours"], indirect=True)
"""Marks a test that does not depend on the kind of job server."""

Find = Callable[[str, str], str]


@pytest.fixture
def find(tmp_path: Path) -> Find:
    """A function that returns the path of a program, on ``pygearman`` or on ``blocking``."""

    def find(library: str, name: str) -> str:
        program = PROGRAMS / f"{name}.py"
        if library == "blocking":
            return str(with_our_import(program, tmp_path))
        found = importlib.util.find_spec("gearman") is not None
        require_peer(found, "Python's pygearman", "pip install pygearman")
        return str(program)

    return find
