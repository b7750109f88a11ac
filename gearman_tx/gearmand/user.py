"""Change from root to another user."""

from __future__ import annotations

import os
import pwd

from twisted.python.util import switchUID

from gearman_tx.errors import ConfigurationError


def find_user(name: str) -> pwd.struct_passwd:
    """Return the system's entry of the user ``name``.

    Raises:
        ConfigurationError: the user does not exist, or this process may not become that user.
    """
    try:
        user = pwd.getpwnam(name)
    except KeyError as error:
        raise ConfigurationError(f"--user: there is no user {name!r}") from error
    if os.geteuid() not in {0, user.pw_uid}:
        raise ConfigurationError(f"--user: only root can become user {name!r}")
    return user


def become(user: pwd.struct_passwd) -> None:
    """Take the user id, the group and the other groups of ``user``, irrevocably.

    Raises:
        ConfigurationError: the operating system does not allow it.
    """
    if os.geteuid() == user.pw_uid:
        return
    try:
        switchUID(user.pw_uid, user.pw_gid)
    except OSError as error:
        text = f"--user: cannot become {user.pw_name!r}: {error.strerror}"
        raise ConfigurationError(text) from error
