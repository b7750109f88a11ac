"""Open the listening TCP sockets.

They are bound when the service is made and not when it starts. At that time ``twistd`` still has
the terminal, so a port in use is one line there.
"""

from __future__ import annotations

import errno
import socket
import time
from typing import TYPE_CHECKING, Any, Final

from gearman_tx.addresses import address_text
from gearman_tx.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Sequence

_UNAVAILABLE: Final = frozenset({errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL, errno.EPROTONOSUPPORT})
"""Errors that mean: this machine does not have the address, or not its address family."""

_ADVICE: Final = {
    errno.EADDRINUSE: "another program listens there; stop it or choose another --port",
    errno.EADDRNOTAVAIL: "this machine does not have that address; --listen takes one it has",
    errno.EACCES: "ports below 1024 need root or CAP_NET_BIND_SERVICE; choose another --port",
}

_PAUSE: Final = 0.1  # seconds between two attempts to listen on an address in use

Address = tuple[socket.AddressFamily, tuple[Any, ...]]


def addresses(host: str, port: int) -> list[Address]:
    """Return the addresses to listen on for ``--listen``; if it is empty, all of this machine.

    Raises:
        ConfigurationError: the name cannot be resolved.
    """
    try:
        found = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except (socket.gaierror, UnicodeError) as error:
        reason = error.strerror if isinstance(error, socket.gaierror) else "it is not a host name"
        raise ConfigurationError(
            f"--listen: cannot find the address of {host!r}: {reason}"
        ) from error
    unique = {(family, address): None for family, _, _, _, address in found}
    # IPv4 comes first, so that port 0 finds a free port there.
    return sorted(unique, key=lambda entry: entry[0] != socket.AF_INET)


def open_sockets(
    host: str, port: int, backlog: int, patience: float = 0.0
) -> tuple[list[socket.socket], list[str]]:
    """Listen on all addresses of ``host``.

    An address that this machine does not have is left out if there is another one.

    Args:
        host: address or name; empty for all addresses of this machine.
        port: TCP port; 0 for a free one, the same on all addresses.
        backlog: how many connections may wait to be accepted.
        patience: seconds to wait for an address in use to become free.

    Returns:
        The sockets, and a text with the reason for each address that is left out.

    Raises:
        ConfigurationError: the server cannot listen on an address.
    """
    opened: list[socket.socket] = []
    left_out: list[str] = []
    deadline = time.monotonic() + patience
    for family, address in addresses(host, port):
        bound = (address[0], opened[0].getsockname()[1] if opened else port, *address[2:])
        try:
            opened.append(_open_by(deadline, family, bound, backlog))
        except OSError as error:
            if error.errno in _UNAVAILABLE:
                left_out.append(_reason(bound, error))
                continue
            for other in opened:
                other.close()
            raise ConfigurationError(_reason(bound, error)) from error
    if not opened:
        raise ConfigurationError(left_out[0])
    return opened, left_out


def _open_by(
    deadline: float, family: socket.AddressFamily, address: tuple[Any, ...], backlog: int
) -> socket.socket:
    """Return a listening socket; wait until ``deadline`` for an address in use."""
    while True:
        try:
            return _open(family, address, backlog)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() >= deadline:
                raise
        time.sleep(_PAUSE)  # noqa: TID251  # no reactor runs yet


def _open(family: socket.AddressFamily, address: tuple[Any, ...], backlog: int) -> socket.socket:
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listening.setblocking(False)  # noqa: FBT003  # socket's signature
        listening.bind(address)
        listening.listen(backlog)
    except OSError:
        listening.close()
        raise
    return listening


def _reason(address: Sequence[Any], error: OSError) -> str:
    advice = _ADVICE.get(error.errno or 0)
    text = f"cannot listen on {address_text(*address[:2])}: {error.strerror}"
    return f"{text} ({advice})" if advice else text
