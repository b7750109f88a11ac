"""Addresses as people write them: ``host:port``, ``host`` and ``[::1]:port``."""

from __future__ import annotations

import re
from ipaddress import IPv6Address
from typing import Final

from gearman_tx.errors import ConfigurationError

DEFAULT_PORT: Final = 4730
"""The port of a server whose name has none."""

LARGEST_PORT: Final = 65535

_HOST_AND_PORT: Final = re.compile(r"(?P<host>\[[^\[\]]+\]|[^:\[\]/=]+)(?::(?P<port>[0-9]+))?")


def parse_address(text: str) -> tuple[str, int] | None:
    """Return the host and the TCP port that ``text`` names, or None for an endpoint string.

    Args:
        text: ``host:port``, ``host``, ``[::1]:port``, ``::1`` or a client endpoint string of
            Twisted.

    Raises:
        ConfigurationError: ``text`` is empty or its port is invalid.
    """
    if not text:
        raise ConfigurationError("the name of a job server is empty; localhost:4730 is one")
    if _is_ipv6(text):
        return text, DEFAULT_PORT
    found = _HOST_AND_PORT.fullmatch(text)
    if found is None:
        return None
    host, port = found["host"].strip("[]"), int(found["port"] or DEFAULT_PORT)
    if not 0 < port <= LARGEST_PORT:
        raise ConfigurationError(f"{text}: port {port} is outside 1 to {LARGEST_PORT}")
    return host.lower(), port


def address_text(host: str, port: int) -> str:
    """Return ``host:port``, with brackets around an IPv6 host."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _is_ipv6(text: str) -> bool:
    try:
        IPv6Address(text)
    except ValueError:
        return False
    return True
