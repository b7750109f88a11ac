"""The job server in memory: the queues, the handlers and the text protocol of the real one.

It has no parts of a process: no sockets, options, signals or log files.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from attrs import frozen
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from typing_extensions import override
from zope.interface import implementer

from gearman_tx._version import __version__
from gearman_tx.admin import AdminCommands, JobDetails, read_jobs
from gearman_tx.core import JobServer, Peer, PeerLink, Policy
from gearman_tx.errors import ConfigurationError
from gearman_tx.link import parse_address, parse_server
from gearman_tx.server import ConnectionLimits, GearmanFactory, ServerLog, Wiring
from gearman_tx.server.shutdown import NO_DEADLINE
from gearman_tx.store import MemoryStore
from gearman_tx.testing.connection import MemoryConnection
from gearman_tx.testing.dialling import MemoryPort
from gearman_tx.testing.reactor import MemoryReactor

DEFAULT_ADDRESS: Final = "localhost:4730"
"""The address of a job server without one of its own."""

_log = Logger()


class MemoryServer:
    """A job server on a reactor in memory; it runs from the beginning.

    Args:
        reactor: the reactor that it runs on.
        address: ``"host:port"`` or ``"host"``, for clients and workers of that reactor. The host
            may have any name.
        durable: whether background jobs survive a restart, as with ``--queue-type=sqlite``.
        policy: the operator's decisions about queues; None for the defaults, with handles that
            begin with ``H:`` and the host.
        limits: the limits of connections; None for the defaults.

    Attributes:
        host: the name of the host.
        port: the TCP port.
        url: ``"host:port"``, as clients and workers take it.
        job_server: the queues; a new object after each start.
        factory: the connections; a new object after each start.

    Raises:
        ConfigurationError: the address is malformed.
        CannotListenError: another server has the address.
    """

    job_server: JobServer
    factory: GearmanFactory

    def __init__(
        self,
        reactor: MemoryReactor,
        address: str = DEFAULT_ADDRESS,
        *,
        durable: bool = False,
        policy: Policy | None = None,
        limits: ConnectionLimits | None = None,
    ) -> None:
        parsed = parse_address(address)
        if parsed is None:
            raise ConfigurationError(f"{address!r} is no host and port; localhost:4730 is")
        self.host, self.port = parsed
        self.url = parse_server(address).name
        self._reactor = reactor
        self._policy = policy or Policy(handle_prefix=b"H:" + self.host.encode())
        self._limits = limits or ConnectionLimits()
        self._store = MemoryStore(durable=durable)
        self._next_id = 1
        self._latency = 0.0
        self._piece: int | None = None
        self._listening: MemoryPort | None = None
        self.start()

    @property
    def is_up(self) -> bool:
        """Whether it runs."""
        return self._listening is not None

    @property
    def connections(self) -> list[MemoryConnection]:
        """The open connections, oldest first."""
        return [] if self._listening is None else list(self._listening.connections)

    # ------------------------------------------------------------------------- start and stop

    def start(self) -> None:
        """Start it.

        Raises:
            RuntimeError: it is running already.
            CannotListenError: another server has the address.
        """
        if self.is_up:
            raise RuntimeError(f"the job server {self.url} runs already")
        self._clock = clock = _ProcessClock(self._reactor)
        self._wiring = wiring = Wiring(
            self._policy,
            clock,
            clock.seconds,
            ServerLog(clock.seconds),
            _commands,
            store=self._store,
            first_id=self._next_id,
            limits=self._limits,
        )
        self.job_server, self.factory = wiring.job_server, wiring.factory
        if wiring.queue is not None:
            wiring.queue.open()
        interface = self._reactor.add_host(self.host)
        listening = self._reactor.listenTCP(self.port, self.factory, interface=interface)
        listening.latency, listening.piece = self._latency, self._piece
        self._listening = listening
        # Shutdown looks at the end of a turn, in which the server cannot end.
        end = partial(clock.callLater, 0, self.stop)
        self._shutdown = wiring.end_with(_ListeningPort(listening), NO_DEADLINE, end, _log)

    def stop(self) -> None:
        """Stop it as SIGTERM does: submissions are answered, then the connections are closed."""
        if self._listening is not None:
            self._shutdown.forget()
            self._listening.stopListening()
            if self._wiring.queue is not None:
                self._wiring.queue.finish()
            self.factory.stop()
            self._reactor.advance(0)
        self.lose()

    def shut_down(self) -> None:
        """Stop it gracefully, as SIGUSR1 does.

        It accepts no more connections and tasks, and goes on with the jobs that it has; with
        ``durable``, background jobs that no worker has are kept for the next start. It stops when
        no job is left to wait for.
        """
        if self._listening is not None:
            self._shutdown.gracefully("shut_down()")

    def lose(self) -> None:
        """End it at once, as ``kill -9`` does: connections are reset, nothing more is sent."""
        listening, self._listening = self._listening, None
        if listening is None:
            return
        listening.stopListening()
        self._clock.end()
        self._next_id = self.job_server.tables.next_id
        self._store.close(self.job_server.tables.unused_ids)
        for connection in list(listening.connections):
            connection.kill_far()
            if listening.is_frozen:
                connection.release()

    def restart(self) -> None:
        """Stop it and start it again; clients and workers reconnect after a while."""
        self.stop()
        self.start()

    # -------------------------------------------------------------------- network conditions

    @property
    def latency(self) -> float:
        """Seconds that bytes take to the server, and back from it."""
        return self._latency

    @latency.setter
    def latency(self, seconds: float) -> None:
        self._latency = seconds
        self._set_conditions()

    @property
    def piece(self) -> int | None:
        """The most bytes that arrive in one piece; None for no limit."""
        return self._piece

    @piece.setter
    def piece(self, size: int | None) -> None:
        self._piece = size
        self._set_conditions()

    def _set_conditions(self) -> None:
        if self._listening is not None:
            self._listening.latency, self._listening.piece = self._latency, self._piece
            for connection in self._listening.connections:
                connection.set_conditions(self._latency, self._piece)

    def freeze(self) -> None:
        """Freeze it, as SIGSTOP does: connections are made, but nothing is answered."""
        if self._listening is not None:
            self._listening.is_frozen = True
            for connection in self._listening.connections:
                connection.hold()

    def thaw(self) -> None:
        """Let a frozen server go on, as SIGCONT does."""
        if self._listening is not None:
            self._listening.is_frozen = False
            for connection in list(self._listening.connections):
                connection.release()

    # -------------------------------------------------------------------------------- reports

    def ask(self, line: str) -> str:
        """Return the answer to a line of the text protocol, such as ``status``."""
        return self._reply(line.encode()).decode("utf-8", "backslashreplace")

    def jobs(self) -> list[JobDetails]:
        """Return the jobs of the server, in any state."""
        return read_jobs(self._reply(b"jobs"))

    def _reply(self, line: bytes) -> bytes:
        reply = self.factory.commands.reply(Peer(_Operator()), line)
        return self.job_server.act(self._reactor.seconds(), lambda: b"".join(reply))


class _Operator(PeerLink):
    """The test as the sender of text commands; it has no connection."""

    @property
    @override
    def fd(self) -> int:
        """PeerLink: there is no descriptor."""
        return -1

    @property
    @override
    def host(self) -> str:
        """PeerLink: there is no address."""
        return "-"


def _commands(wiring: Wiring) -> AdminCommands:
    return AdminCommands(wiring.job_server, version=__version__, store=wiring.figures)


@frozen
class _ListeningPort:
    """The port, which a shutdown closes first."""

    port: MemoryPort

    def stop(self) -> None:
        """Accept no more connections."""
        self.port.stopListening()


@implementer(IReactorTime)
class _ProcessClock:
    """The clock of one process: its timed calls end with the process."""

    def __init__(self, reactor: MemoryReactor) -> None:
        self._reactor = reactor
        self._calls: dict[IDelayedCall, None] = {}
        self._is_over = False

    def seconds(self) -> float:
        """Twisted: return the time."""
        return float(self._reactor.seconds())

    def callLater(  # Twisted's
        self,
        delay: float,
        callable: Callable[..., object],
        *args: Any,
        **kw: Any,
    ) -> IDelayedCall:
        """Twisted: call something later, unless the process has ended."""

        def run() -> None:
            self._calls.pop(call, None)
            callable(*args, **kw)

        call = self._reactor.callLater(delay, run)
        self._calls[call] = None
        if self._is_over:
            call.cancel()
        return call

    def getDelayedCalls(self) -> list[IDelayedCall]:
        """Twisted: return the calls that are pending."""
        return [call for call in self._calls if call.active()]

    def end(self) -> None:
        """Cancel all calls."""
        self._is_over = True
        for call in self.getDelayedCalls():
            call.cancel()
