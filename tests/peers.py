"""Decide, in one place, what a missing third-party program means for a test.

A developer without the Debian packages may skip; in CI (``CI=true``) a peer that
is missing is a failure, because a skipped interoperability test proves nothing.
"""

from __future__ import annotations

import os
import shutil

import pytest


def require_peer(found: bool, peer: str, remedy: str) -> None:
    """Skip the test when ``peer`` is missing, or fail it when CI runs.

    Args:
        found: whether the peer is usable here.
        peer: what is missing, as a reader would name it.
        remedy: the command that installs it.
    """
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
