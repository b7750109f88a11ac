"""What a client asks its servers other than to run tasks: job status, options, an echo.

A handle or a unique does not say which server knows it, and a restarted program has nothing else.
So every server is asked at once, and the first answer that knows the job counts. "Unknown" is the
answer only when every server was asked and none knows the job.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, DeferredList
from twisted.python.failure import Failure

from gearman_tx.client.connection import ClientConnection
from gearman_tx.client.router import Router
from gearman_tx.client.server_link import ServerLink
from gearman_tx.client.updates import JobStatus
from gearman_tx.errors import LocalProtocolError
from gearman_tx.wire import PacketType


async def ask_everywhere(
    router: Router, ask: Callable[[ServerLink], Deferred[JobStatus]], server: str | None = None
) -> JobStatus:
    """Ask every server about a job, or only ``server``; see ``Client.status``."""
    links = [link for link in router.links if server in {None, link.name}]
    if not links:
        known = ", ".join(link.name for link in router.links)
        raise LocalProtocolError(f"there is no job server {server}; the client's are {known}")
    await router.when_tried()
    return await first_known([ask(link) for link in links])


def first_known(asked: list[Deferred[JobStatus]]) -> Deferred[JobStatus]:
    """Return the first answer in which the job is known.

    Args:
        asked: one answer per server.

    Returns:
        Fires with the first answer that knows the job. If no answer does, it fires with an unknown
        job after the last one, or fails when a server could not be asked.
    """
    found: Deferred[JobStatus] = Deferred()

    def answered(status: JobStatus) -> JobStatus:
        if status.known and not found.called:
            found.callback(status)
        return status

    def all_answered(results: list[tuple[bool, Any]]) -> None:
        if found.called:
            return
        failed = [result for is_good, result in results if not is_good]
        if failed:
            failure: Failure = failed[0]
            found.errback(failure)
        else:
            found.callback(results[0][1])

    for one in asked:
        one.addCallback(answered)
    DeferredList(asked, consumeErrors=True).addCallback(all_answered)
    return found


async def echo(router: Router, packet: bytes, data: bytes) -> bytes:
    """Have a server send ``data``, which ``packet`` has, back; see ``Client.echo``."""
    await router.when_up()
    connection = _connections(router)[0]
    return await connection.ask(packet, PacketType.ECHO_RES, data)


async def set_option(router: Router, name: bytes) -> None:
    """Set an option on all connections; see ``Client.set_option``."""
    await router.when_tried()
    for answer in [connection.ask_for(name) for connection in _connections(router)]:
        await answer
    if name not in router.options:
        router.options.append(name)


def _connections(router: Router) -> list[ClientConnection]:
    return [link.connection for link in router.links if link.connection is not None]
