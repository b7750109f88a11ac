"""Twisted's endpoint strings: Unix sockets, TLS, sockets of systemd, and those of plug-ins."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from twisted.internet.endpoints import serverFromString
from twisted.internet.error import CannotListenError

from gearman_tx.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twisted.internet.interfaces import IStreamServerEndpoint


def parse_endpoints(reactor: Any, strings: Sequence[str]) -> dict[str, IStreamServerEndpoint]:
    """Return the endpoints that Twisted's endpoint strings describe.

    Raises:
        ConfigurationError: one of them is malformed, or it names something that does not exist.
    """
    endpoints: dict[str, IStreamServerEndpoint] = {}
    for string in strings:
        if string in endpoints:
            raise ConfigurationError(f"--endpoint={string} is given twice")
        try:
            endpoints[string] = serverFromString(reactor, string)
        except Exception as error:  # parsers are plug-ins and may raise any error
            raise ConfigurationError(f"--endpoint={string}: {reason(string, error)}") from error
    return endpoints


def reason(string: str, error: BaseException | None) -> str:
    """Return the reason why the endpoint ``string`` cannot be used, in one line."""
    if isinstance(error, CannotListenError):
        error = error.socketError
    if isinstance(error, OSError) and error.strerror:
        # A lock is a symbolic link; the second file name of its error is the path.
        path = error.filename2 or error.filename
        name = f" ({os.fsdecode(path)})" if path else ""
        return f"{error.strerror}{name}"
    if isinstance(error, LookupError):
        if string.startswith("systemd:"):
            return "systemd handed over no such socket to this process"
        return f"there is no {error}"
    if isinstance(error, ImportError):
        return f"{error}; is the package installed? TLS needs gearman-tx[tls]"
    return " ".join(str(error).split()) or type(error).__name__
