"""Become another user, who can do less than root."""

from __future__ import annotations

import os
import pwd

from twisted.python.util import switchUID

from gearman_tx.errors import ConfigurationError


def find_user(name: str) -> pwd.struct_passwd:
    """Return what the system knows of user ``name``.

    Raises:
        ConfigurationError: there is none, or this process may not become that user.
    """
    try:
        user = pwd.getpwnam(name)
    except KeyError as error:
        raise ConfigurationError(f"--user: there is no user {name!r}") from error
    if os.geteuid() not in {0, user.pw_uid}:
        raise ConfigurationError(f"--user: only root can become user {name!r}")
    return user


def become(user: pwd.struct_passwd) -> None:
    """Take the user, the group and the other groups of ``user``, for good.

    Raises:
        ConfigurationError: the operating system does not let this process do it.
    """
    if os.geteuid() == user.pw_uid:
        return
    try:
        switchUID(user.pw_uid, user.pw_gid)
    except OSError as error:
        text = f"--user: cannot become {user.pw_name!r}: {error.strerror}"
        raise ConfigurationError(text) from error
