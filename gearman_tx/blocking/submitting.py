"""What a GearmanClient has done in the reactor's thread: submit requests, and wait for them."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred, DeferredList

from gearman_tx.blocking.errand import Errand
from gearman_tx.blocking.server_group import Servers


def start(method: Any, *arguments: Any) -> Deferred[Any]:
    """Call a coroutine function; return its outcome."""
    return Deferred.fromCoroutine(method(*arguments))


def submit(servers: Servers, connections: list[Any], errands: list[Errand]) -> None:
    """Begin to submit ``errands``; they tell how it goes on."""
    start(_reach_and_send, servers, connections, errands)


async def _reach_and_send(servers: Servers, connections: list[Any], errands: list[Errand]) -> None:
    try:
        group = await servers.reach(connections)
    except Exception as error:  # noqa: BLE001  # told to whoever waits
        for errand in errands:
            errand.not_sent(error)
        return
    for errand in errands:
        errand.send(group)


def when_all(errands: list[Errand], over: bool) -> Deferred[Any]:
    """Return a Deferred that fires when all errands are accepted, or over."""
    return DeferredList([errand.when(over=over) for errand in errands], consumeErrors=True)
