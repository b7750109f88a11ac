"""A worker of two dozen lines, for tests of clients: it sends what a behaviour tells it to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from typing_extensions import override

from gearman_tx.wire import RESPONSE_MAGIC, PacketDecoder, PacketType, request

Abilities: TypeAlias = "Mapping[bytes, Callable[[RawWorker, bytes, bytes], None]]"


class RawWorker(Protocol):
    """Grabs one job after the other and calls the behaviour of its function.

    Args:
        abilities: what to do by function; called with the worker, the handle and the workload.
    """

    def __init__(
        self, abilities: Mapping[bytes, Callable[[RawWorker, bytes, bytes], None]]
    ) -> None:
        self.abilities = abilities
        self.decoder = PacketDecoder(RESPONSE_MAGIC)
        self.echoes: list[Deferred[None]] = []
        self.gone: Deferred[None] = Deferred()
        self.held: Deferred[bytes] = Deferred()  # the handle of the first job that is held
        self.transport: Any

    def say(self, packet_type: PacketType, *arguments: bytes) -> None:
        """Send one packet to the server."""
        self.transport.write(request(packet_type, *arguments))

    def echo(self) -> Deferred[None]:
        """Return a Deferred that fires when the server has read all that was sent."""
        self.say(PacketType.ECHO_REQ, b"")
        self.echoes.append(Deferred())
        return self.echoes[-1]

    @override
    def connectionMade(self) -> None:
        """Twisted: announce the functions and ask for a job."""
        for function in self.abilities:
            self.say(PacketType.CAN_DO, function)
        self.say(PacketType.GRAB_JOB_UNIQ)

    @override
    def dataReceived(self, data: bytes) -> None:
        """Twisted: bytes arrived."""
        for packet_type, body in self.decoder.feed(data):
            if packet_type == PacketType.ECHO_RES:
                self.echoes.pop(0).callback(None)
            elif packet_type == PacketType.NO_JOB:
                self.say(PacketType.PRE_SLEEP)
            elif packet_type == PacketType.NOOP:
                self.say(PacketType.GRAB_JOB_UNIQ)
            else:
                handle, function, _, workload = body.split(b"\0", 3)
                self.abilities[function](self, handle, workload)
                self.say(PacketType.GRAB_JOB_UNIQ)

    @override
    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Twisted: the connection is gone."""
        self.gone.callback(None)


def reverse(worker: RawWorker, handle: bytes, workload: bytes) -> None:
    """Complete with the workload reversed."""
    worker.say(PacketType.WORK_COMPLETE, handle, workload[::-1])


def progress(worker: RawWorker, handle: bytes, workload: bytes) -> None:
    """Send one packet of every kind on the way."""
    worker.say(PacketType.WORK_DATA, handle, b"one")
    worker.say(PacketType.WORK_WARNING, handle, b"careful")
    worker.say(PacketType.WORK_STATUS, handle, b"1", b"2")
    worker.say(PacketType.WORK_DATA, handle, b"two")
    reverse(worker, handle, workload)


def fail(worker: RawWorker, handle: bytes, _workload: bytes) -> None:
    """Fail."""
    worker.say(PacketType.WORK_FAIL, handle)


def boom(worker: RawWorker, handle: bytes, _workload: bytes) -> None:
    """Fail with an exception."""
    worker.say(PacketType.WORK_EXCEPTION, handle, b"boom")


def hold(worker: RawWorker, handle: bytes, _workload: bytes) -> None:
    """Say how far it is, and do not end."""
    worker.say(PacketType.WORK_STATUS, handle, b"3", b"7")
    if not worker.held.called:
        worker.held.callback(handle)


BEHAVIOURS: Abilities = {
    b"reverse": reverse,
    b"progress": progress,
    b"fail": fail,
    b"boom": boom,
    b"hold": hold,
}


async def start_worker(reactor: Any, port: int, abilities: Abilities = BEHAVIOURS) -> RawWorker:
    """Return a worker that is registered with the server on ``port``."""
    worker = RawWorker(abilities)
    await connectProtocol(TCP4ClientEndpoint(reactor, "127.0.0.1", port), worker)
    await worker.echo()
    return worker
