"""Notify systemd of the server's state: the part of ``sd_notify`` that ``Type=notify`` needs."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from twisted.logger import Logger

if TYPE_CHECKING:
    from collections.abc import Mapping

_log = Logger()


def notify(environment: Mapping[str, str], **state: str) -> bool:
    """Send ``state`` to the service manager, if one asks for it.

    Args:
        environment: its ``NOTIFY_SOCKET`` names the socket, by a path or by ``@`` and a name.
        state: such as ``READY="1"``, ``STOPPING="1"``, ``STATUS="..."``.

    Returns:
        Whether it was sent. A failure is only logged.
    """
    name = environment.get("NOTIFY_SOCKET")
    if not name:
        return False
    address = f"\0{name[1:]}" if name.startswith("@") else name
    message = "\n".join(f"{key}={value}" for key, value in state.items())
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
            sender.setblocking(False)  # noqa: FBT003  # socket's signature
            sender.sendto(message.encode(), address)
    except OSError as error:
        text = "cannot notify {name}: {error}"
        _log.warn(text, name=name, error=error.strerror, event="systemd_not_notified")
        return False
    return True
