"""Listening TCP sockets of our own.

They are bound when the service is made, not when it starts: ``twistd`` has not left the terminal
then, so a port in use is one line on it.
"""

from __future__ import annotations

import errno
import socket
import time
from typing import TYPE_CHECKING, Any, Final

from gearman_tx.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Sequence

_NOT_HERE: Final = frozenset({errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL, errno.EPROTONOSUPPORT})
"""What tells that this machine does not have an address, or not that kind of addresses."""

_ADVICE: Final = {
    errno.EADDRINUSE: "another program listens there; stop it or choose another --port",
    errno.EADDRNOTAVAIL: "this machine does not have that address; --listen takes one it has",
    errno.EACCES: "ports below 1024 need root or CAP_NET_BIND_SERVICE; choose another --port",
}

_PAUSE: Final = 0.1  # seconds between two tries to listen on an address that is taken

Address = tuple[socket.AddressFamily, tuple[Any, ...]]


def address_text(address: Sequence[Any]) -> str:
    """Return ``host:port`` of a socket's address, with brackets around an IPv6 host."""
    host, port = address[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def addresses(host: str, port: int) -> list[Address]:
    """Return the addresses to listen on for ``--listen``: all of this machine if it is empty.

    Raises:
        ConfigurationError: the name is not known.
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
    # IPv4 first, so that a free port that is asked for with 0 is found there.
    return sorted(unique, key=lambda entry: entry[0] != socket.AF_INET)


def open_sockets(
    host: str, port: int, backlog: int, patience: float = 0.0
) -> tuple[list[socket.socket], list[str]]:
    """Listen on all addresses of ``host``.

    An address that this machine does not have is left out, if there is another one.

    Args:
        host: address or name; empty for all addresses of this machine.
        port: TCP port; 0 for a free one, the same on all addresses.
        backlog: how many connections may wait.
        patience: seconds to wait for an address that is taken to become free.

    Returns:
        The sockets, and why there are no more of them: a text for each address that is left out.

    Raises:
        ConfigurationError: one of them cannot be listened on.
    """
    opened: list[socket.socket] = []
    left_out: list[str] = []
    deadline = time.monotonic() + patience
    for family, address in addresses(host, port):
        bound = (address[0], opened[0].getsockname()[1] if opened else port, *address[2:])
        try:
            opened.append(_open_by(deadline, family, bound, backlog))
        except OSError as error:
            if error.errno in _NOT_HERE:
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
    """Return a listening socket; wait until ``deadline`` for an address that is taken."""
    while True:
        try:
            return _open(family, address, backlog)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() >= deadline:
                raise
        time.sleep(_PAUSE)  # noqa: TID251  # no reactor runs yet


def _open(family: socket.AddressFamily, address: tuple[Any, ...], backlog: int) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.setblocking(False)  # noqa: FBT003  # socket's signature
        made.bind(address)
        made.listen(backlog)
    except OSError:
        made.close()
        raise
    return made


def _reason(address: Sequence[Any], error: OSError) -> str:
    advice = _ADVICE.get(error.errno or 0)
    text = f"cannot listen on {address_text(address)}: {error.strerror}"
    return f"{text} ({advice})" if advice else text
