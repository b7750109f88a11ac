"""Submit a task with a time limit; say when the server has it, a second later, and its end.

Arguments: the name of a reactor's module, the port of the server, the limit in seconds.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

if __name__ == "__main__":
    import_module(f"twisted.internet.{sys.argv[1]}").install()

from twisted.internet.defer import Deferred
from twisted.internet.task import react

from gearman_tx import Client
from gearman_tx.errors import TimedOut


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


async def wait(reactor: Any, port: str, seconds: str) -> None:
    """Submit, and wait for the end."""
    async with Client(f"127.0.0.1:{port}", reactor=reactor) as client:
        task = client.submit("f", b"x", timeout=float(seconds))
        await task.accepted
        say("accepted")
        reactor.callLater(1, say, "a second later")
        try:
            say((await task).decode())
        except TimedOut:
            say("timed out")


if __name__ == "__main__":
    react(lambda reactor: Deferred.fromCoroutine(wait(reactor, *sys.argv[2:])))
