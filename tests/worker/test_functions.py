"""Where functions run; names; waiters."""

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import partial
from typing import Any

import pytest
from twisted.internet.defer import Deferred, inlineCallbacks, succeed

from gearman_tx.errors import ConfigurationError
from gearman_tx.worker import PROCESS, REACTOR, THREAD, Worker
from gearman_tx.worker.functions import place_of
from gearman_tx.worker.waiters import Waiters


def plain(job: Any) -> Any:
    """Return the job."""
    return job


async def asynchronous(job: Any) -> Any:
    """Return the job."""
    return job


def deferred(job: Any) -> Deferred[Any]:
    """Return a Deferred, with a full annotation."""
    return succeed(job)


def bare_deferred(job: Any) -> Deferred:  # type: ignore[type-arg]  # people write it so
    """Return a Deferred, with a bare annotation."""
    return succeed(job)


def named_deferred(job: Any) -> Any:
    """Return a Deferred; its annotation is set below."""
    return succeed(job)


named_deferred.__annotations__["return"] = Deferred[bytes]


@inlineCallbacks
def generated(job: Any) -> Generator[Deferred[Any], Any, Any]:
    """Return a Deferred, by a generator."""
    return (yield succeed(job))


class AsynchronousCall:
    """An object that is called."""

    async def __call__(self, job: Any) -> Any:
        """Return the job."""
        return job


def nested() -> Callable[[Any], Any]:
    """Return a function that cannot be imported."""

    def inner(job: Any) -> Any:
        return job

    return inner


@pytest.mark.parametrize(
    "call",
    [
        asynchronous,
        partial(asynchronous),
        AsynchronousCall(),
        deferred,
        bare_deferred,
        named_deferred,
        generated,
    ],
)
def test_what_is_asynchronous_runs_in_the_reactor(call: Callable[[Any], Any]) -> None:
    """The reactor is the default place, and no other is allowed."""
    assert place_of(call, None) == REACTOR
    assert place_of(call, REACTOR) == REACTOR
    with pytest.raises(ConfigurationError, match="runs in the reactor, not in a thread"):
        place_of(call, THREAD)


@pytest.mark.parametrize("call", [plain, partial(plain), len, nested()])
def test_what_is_plain_runs_in_a_thread(call: Callable[[Any], Any]) -> None:
    """Unless the user knows better."""
    assert place_of(call, None) == THREAD
    assert place_of(call, REACTOR) == REACTOR


def test_what_can_be_imported_runs_in_a_process() -> None:
    """A module's function does, a lambda or an inner function cannot."""
    assert place_of(plain, PROCESS) == PROCESS
    for call in (nested(), lambda job: job):
        with pytest.raises(ConfigurationError, match="cannot run in a process"):
            place_of(call, PROCESS)


def test_an_unknown_place_is_refused() -> None:
    """The message lists the places."""
    with pytest.raises(ConfigurationError, match="none of reactor, thread, process"):
        place_of(plain, "cloud")


def test_a_worker_checks_its_settings() -> None:
    """Names without NUL, functions with a name, a place for one job at least."""
    for settings in ({"concurrency": 0}, {"client_id": b"a\0"}, {"namespace": "a\0"}):
        with pytest.raises(ConfigurationError):
            Worker("localhost", **settings)
    with pytest.raises(ConfigurationError):
        Worker([])
    worker = Worker("localhost")
    for name in ("", b"", "a\0b"):
        with pytest.raises(ConfigurationError):
            worker.register(name, plain)
    with pytest.raises(ValueError, match="timeout"):
        worker.register("f", plain, timeout=-1)
    with pytest.raises(KeyError):
        worker.unregister("f")


def test_the_decorated_function_stays_itself() -> None:
    """``@worker.function`` registers and changes nothing."""
    worker = Worker("localhost", namespace="n.")
    assert worker.function("f", timeout=3)(plain) is plain
    assert worker.functions[b"n.f"].timeout == 3


def test_waiters_may_leave() -> None:
    """A cancelled Deferred does not fire, even when a callback cancels it; the others do."""
    waiters: Waiters[int] = Waiters()
    first, second, third = waiters.add(), waiters.add(), waiters.add()
    heard: list[Any] = []
    for waiting in (second, third):
        waiting.addErrback(lambda _: "left")
        waiting.addCallback(heard.append)
    first.addCallback(lambda _: second.cancel())
    late: list[Deferred[int]] = []
    third.addCallback(lambda _: late.append(waiters.add()))
    waiters.fire(1)
    assert heard == ["left", 1]
    late[0].addErrback(lambda _: None)
    late[0].cancel()
    waiters.fire(2)
