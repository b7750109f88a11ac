"""Only root can become another user."""

from __future__ import annotations

import errno
import os
import pwd

import pytest

from gearman_tx.errors import ConfigurationError
from gearman_tx.gearmand.user import become, find_user

NOBODY = pwd.getpwnam("nobody")


def test_an_unknown_user() -> None:
    """The message names it."""
    with pytest.raises(ConfigurationError, match="--user: there is no user 'nobody-at-all'"):
        find_user("nobody-at-all")


def test_without_root(monkeypatch: pytest.MonkeyPatch) -> None:
    """The user's own name is accepted and changes nothing."""
    monkeypatch.setattr(os, "geteuid", lambda: NOBODY.pw_uid)
    assert find_user("nobody") == NOBODY
    become(NOBODY)
    with pytest.raises(ConfigurationError, match="--user: only root can become user 'root'"):
        find_user("root")


def test_root_becomes_the_user_and_its_group(monkeypatch: pytest.MonkeyPatch) -> None:
    """User, group and the other groups are changed together."""
    calls: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr("gearman_tx.gearmand.user.switchUID", lambda *ids: calls.append(ids))
    become(find_user("nobody"))
    assert calls == [(NOBODY.pw_uid, NOBODY.pw_gid)]


def test_root_stays_root(monkeypatch: pytest.MonkeyPatch) -> None:
    """``--user=root``, which the C project's tests use, has no effect and no warning."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    become(find_user("root"))


def test_root_that_may_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a container even root may not be allowed to change the user."""

    def switch(*_: int) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr("gearman_tx.gearmand.user.switchUID", switch)
    with pytest.raises(ConfigurationError, match="cannot become 'nobody': Operation not permitted"):
        become(NOBODY)
