"""The service inside another program."""

from __future__ import annotations

import gc
import signal
import socket
from collections.abc import Iterator
from threading import Thread
from typing import Any

import pytest
from attrs import define, field
from twisted.application.service import MultiService
from twisted.internet.defer import Deferred, succeed
from twisted.internet.error import CannotListenError, ConnectionDone
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.logger import LogEvent, formatEvent, globalLogPublisher
from twisted.python import usage
from twisted.python.failure import Failure

from gearman_tx.daemon import GearmanService, build
from gearman_tx.daemon.assembly import first_job_id
from gearman_tx.daemon.service import CLOSING_TIME
from gearman_tx.daemon.signals import SignalHandlers
from gearman_tx.errors import ConfigurationError
from gearman_tx.tap import Options, makeService


@define
class SlowEndpoint:
    """An endpoint that listens later or never."""

    listening: Deferred[Any] = field(factory=Deferred)

    def listen(self, _: object) -> Deferred[Any]:
        """Return a Deferred that the test fires."""
        return self.listening


@define
class FakePort:
    """A port such as an endpoint of a plug-in may return."""

    is_stopped: bool = False

    def getHost(self) -> str:
        """Return an address that is not a TCP address."""
        return "somewhere"

    def stopListening(self) -> Deferred[None]:  # noqa: N802  # Twisted's name
        """Note it."""
        self.is_stopped = True
        return succeed(None)


class Reactor(MemoryReactorClock):
    """A reactor that the test starts, and that makes the calls of signal handlers at once."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Twisted's
        self.begun: list[Any] = []
        self.is_stopped = False

    def callWhenRunning(  # type: ignore[override]  # noqa: N802  # Twisted's, without arguments
        self, function: Any
    ) -> None:
        """Keep ``function`` for :meth:`begin`."""
        self.begun.append(function)

    def callFromThread(self, function: Any) -> None:  # noqa: N802  # Twisted's name
        """Call ``function``."""
        function()

    def begin(self) -> None:
        """Run."""
        for function in self.begun:
            function()

    def stop(self) -> None:
        """Note it."""
        self.is_stopped = True


@pytest.fixture(autouse=True)
def plain_signals() -> Iterator[None]:
    """Set the signal handlers of a new process, which other tests may have changed."""
    default = signal.SIG_DFL
    plain: dict[int, Any] = dict.fromkeys((signal.SIGUSR1, signal.SIGHUP, signal.SIGTERM), default)
    plain[signal.SIGINT] = signal.default_int_handler
    before = {number: signal.signal(number, handler) for number, handler in plain.items()}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def logged() -> Iterator[list[LogEvent]]:
    """Collect the logged events."""
    events: list[LogEvent] = []
    keep: Any = events.append
    globalLogPublisher.addObserver(keep)
    yield events
    globalLogPublisher.removeObserver(keep)


@pytest.fixture
def reactor() -> Reactor:
    """Make a reactor whose time the test moves."""
    return Reactor()


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> SlowEndpoint:
    """Make every endpoint a slow one."""
    made = SlowEndpoint()

    def parse(_: object, strings: list[str]) -> dict[str, SlowEndpoint]:
        return dict.fromkeys(strings, made)

    monkeypatch.setattr("gearman_tx.daemon.assembly.parse_endpoints", parse)
    return made


@pytest.fixture
def service(reactor: Reactor, endpoint: SlowEndpoint) -> Iterator[GearmanService]:
    """Start a server that listens on the slow endpoint; it is stopped at the end."""
    assert isinstance(endpoint, SlowEndpoint)
    started = GearmanService(build(parsed("--endpoint=slow:1"), reactor))
    started.startService()
    reactor.begin()
    yield started
    if started.running:
        stop(started, reactor)


def parsed(*words: str) -> Options:
    """Return the options that ``words`` make; the queue is in memory."""
    options = Options()
    options.parseOptions(["--queue-type=builtin", *words])
    return options


def stop(service: GearmanService, reactor: Reactor) -> None:
    """Stop ``service`` and check that no timer is left."""
    stopped = stopping(service)
    reactor.advance(CLOSING_TIME)
    assert stopped == [None]
    reactor.advance(0)
    assert reactor.getDelayedCalls() == []


def stopping(service: GearmanService) -> list[None]:
    """Stop ``service``; return a list that gets an element when it has stopped."""
    stopped: list[None] = []
    service.stopService().addCallback(stopped.append)
    return stopped


def connect(service: GearmanService) -> tuple[Any, StringTransport]:
    """Connect to ``service``; return the connection and its transport."""
    connection = service.parts.wiring.factory.buildProtocol(None)
    transport = StringTransport()
    connection.makeConnection(transport)  # type: ignore[no-untyped-call]  # Twisted's
    return connection, transport


def texts(events: list[LogEvent]) -> list[str]:
    """Return the logged lines."""
    return [formatEvent(event) for event in events]


def test_ready_when_the_slowest_endpoint_listens(
    service: GearmanService, endpoint: SlowEndpoint, logged: list[LogEvent]
) -> None:
    """``ready`` does not fire before; the log has the address of the plug-in's port."""
    ready: list[None] = []
    service.ready.addCallback(ready.append)
    assert ready == []
    endpoint.listening.callback(FakePort())
    assert ready == [None]
    assert "listening on slow:somewhere" in texts(logged)


def test_an_endpoint_that_fails_late_ends_the_server(
    service: GearmanService, endpoint: SlowEndpoint, reactor: Reactor, logged: list[LogEvent]
) -> None:
    """The log and ``ready`` have the reason."""
    failures: list[Failure] = []
    service.ready.addErrback(failures.append)
    endpoint.listening.errback(CannotListenError("", 1, OSError(98, "Address already in use")))
    assert failures[0].check(ConfigurationError)
    assert "--endpoint=slow:1: Address already in use" in texts(logged)
    assert reactor.is_stopped


def test_an_endpoint_that_listens_after_the_end(
    service: GearmanService, endpoint: SlowEndpoint, reactor: Reactor
) -> None:
    """Its port is closed."""
    stop(service, reactor)
    port = FakePort()
    endpoint.listening.callback(port)
    assert port.is_stopped


def test_a_connection_that_does_not_close_is_aborted(
    service: GearmanService, reactor: Reactor
) -> None:
    """The end waits no longer than ``CLOSING_TIME`` for a peer."""
    connection, transport = connect(service)
    stopped = stopping(service)
    assert transport.disconnecting
    assert stopped == []
    reactor.advance(CLOSING_TIME)
    assert stopped == [None]
    connection.connectionLost(Failure(ConnectionDone()))


def test_the_end_comes_when_the_last_connection_is_closed(
    service: GearmanService, reactor: Reactor
) -> None:
    """The end does not wait longer."""
    connection, _ = connect(service)
    stopped = stopping(service)
    connection.connectionLost(Failure(ConnectionDone()))
    assert stopped == []
    reactor.advance(0)
    assert stopped == [None]


def test_the_end_leaves_out_no_work_of_the_turn(service: GearmanService, reactor: Reactor) -> None:
    """What is done after each turn is also done in the turn in which the last connection ends."""
    connection, _ = connect(service)
    done: list[str] = []
    stopped = stopping(service)
    service.parts.wiring.factory.turn.hooks.append(lambda: done.append("work"))
    connection.connectionLost(Failure(ConnectionDone()))
    reactor.advance(0)
    assert (stopped, done) == ([None], ["work"])


def test_signals_are_handled(service: GearmanService, reactor: Reactor) -> None:
    """SIGHUP without a log file has no effect; SIGUSR1 ends a server without jobs."""
    assert service.running
    signal.raise_signal(signal.SIGHUP)
    assert not reactor.is_stopped
    signal.raise_signal(signal.SIGUSR1)
    for _ in range(3):
        reactor.advance(0)
    assert reactor.is_stopped


def test_signals_are_restored(service: GearmanService, reactor: Reactor) -> None:
    """A stopped service has restored the former handlers."""
    stop(service, reactor)
    assert signal.getsignal(signal.SIGUSR1) == signal.SIG_DFL
    assert signal.getsignal(signal.SIGINT) == signal.default_int_handler


def test_signals_belong_to_the_main_thread() -> None:
    """A service in another thread does not change them."""
    handlers = SignalHandlers(None, {signal.SIGHUP: lambda: None})
    thread = Thread(target=handlers.install)
    thread.start()
    thread.join()
    assert signal.getsignal(signal.SIGHUP) == signal.SIG_DFL


def test_another_program_gets_an_error_and_no_exit(reactor: Reactor) -> None:
    """Only under twistd an error ends the program."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        options = parsed("--listen=127.0.0.1", f"--port={taken.getsockname()[1]}")
        with pytest.raises(ConfigurationError, match="Address already in use"):
            makeService(options, reactor)


def test_another_program_may_start_it_without_privileges(reactor: Reactor) -> None:
    """A service with a running parent is started at once; the reactor has its sockets."""
    parent = MultiService()
    parent.startService()
    service = makeService(parsed("--listen=127.0.0.1", "--port=0", "--log-file=none"), reactor)
    assert isinstance(service, GearmanService)
    service.setServiceParent(parent)  # type: ignore[no-untyped-call]  # Twisted's
    assert len(service.parts.listening.ports) == 1
    reactor.begin()
    assert service.ready.called
    service.disownServiceParent()  # type: ignore[no-untyped-call]  # Twisted's
    assert service.parts.listening.ports == []


@pytest.mark.parametrize("is_twistd", [True, False])
def test_only_a_process_of_its_own_is_tuned(reactor: Reactor, is_twistd: bool) -> None:
    """``twistd gearmand`` sets the garbage collector; in another program it is unchanged."""
    options = parsed("--listen=127.0.0.1", "--port=0", "--log-file=none")
    if is_twistd:
        options.parent = usage.Options()
        options.parent.update(dict.fromkeys(("logfile", "syslog", "logger", "uid", "chroot")))
    thresholds = gc.get_threshold()
    service = makeService(options, reactor)
    assert isinstance(service, GearmanService)
    service.startService()
    assert (gc.get_freeze_count() > 0) == is_twistd
    assert (gc.get_threshold() != thresholds) == is_twistd
    stop(service, reactor)
    assert gc.get_freeze_count() == 0
    assert gc.get_threshold() == thresholds


def test_the_first_job_of_a_later_server_has_a_larger_number() -> None:
    """No handle repeats as long as jobs come slower than one per microsecond."""
    assert first_job_id(1_800_000_000.0) == 1_800_000_000_000_000
    assert first_job_id(1_800_000_000.000002) == 1_800_000_000_000_002
