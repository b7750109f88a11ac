"""An address that does not answer attempts to connect, like that of a host that is switched off."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator

from tests.support.ports import HOST, free_port


@contextlib.contextmanager
def switched_off() -> Iterator[int]:
    """Yield a port of 127.0.0.1 whose queue of new connections is full.

    The kernel drops further attempts; who connects hears nothing.
    """
    with contextlib.ExitStack() as sockets:
        listening = sockets.enter_context(socket.socket())
        listening.bind((HOST, free_port()))
        listening.listen(0)
        address = listening.getsockname()
        for _ in range(3):
            one = sockets.enter_context(socket.socket())
            one.setblocking(False)
            one.connect_ex(address)
        yield address[1]
