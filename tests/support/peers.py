"""Decide, in one place, what a missing third-party program means for a test.

A developer without the Debian packages may skip; in CI (``CI=true``) a missing peer is a failure,
because a skipped interoperability test proves nothing. With ``--without-peers`` every test that
needs a peer is skipped, whether the peer is installed or not.
"""

from __future__ import annotations

import os
import shutil

import pytest

OPTION = "--without-peers"
_is_without: list[bool] = []


def add_option(parser: pytest.Parser) -> None:
    """Add ``--without-peers`` to pytest's command line."""
    parser.addoption(OPTION, action="store_true", help="skip tests that need another program")


def configure(config: pytest.Config) -> None:
    """Note whether peers are wanted."""
    _is_without[:] = [True] if config.getoption(OPTION) else []


def require_peer(found: bool, peer: str, remedy: str) -> None:
    """Skip the test when ``peer`` is missing, or fail it when CI runs.

    Args:
        found: whether the peer is usable here.
        peer: what is missing, as a reader would name it.
        remedy: the command that installs it.
    """
    if _is_without:
        pytest.skip(f"{OPTION}: it needs {peer}")
    if found:
        return
    message = f"{peer} is not installed; {remedy}"
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)


def require_program(name: str, remedy: str) -> str:
    """Return the full path of program ``name``; skip or fail without it."""
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    require_peer(path is not None, name, remedy)
    assert path is not None
    return path
