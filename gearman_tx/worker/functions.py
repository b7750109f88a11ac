"""The functions of a worker, and the places where they run: a thread, a process, the reactor."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Final

from attrs import field, frozen, validators
from twisted.internet.defer import Deferred

from gearman_tx.errors import ConfigurationError

REACTOR: Final = "reactor"
THREAD: Final = "thread"
PROCESS: Final = "process"
PLACES: Final = (REACTOR, THREAD, PROCESS)


@frozen(eq=False)
class WorkerFunction:
    """One registered function.

    Attributes:
        name: what clients call it, namespace included.
        call: what runs, given a :class:`WorkerJob`; given ``job.data`` alone in a process.
        timeout: seconds after which the job server gives the job to another worker; 0 for never.
        place: ``reactor`` for an ``async def`` function or one that returns a Deferred, ``thread``
            for a plain function that may block, ``process`` for one that computes.
    """

    name: bytes
    call: Callable[[Any], Any]
    timeout: float = field(default=0.0, validator=validators.ge(0))
    place: str = field(default=THREAD, validator=validators.in_(PLACES))


def place_of(call: Callable[[Any], Any], place: str | None) -> str:
    """Return where ``call`` is to run: as asked, or in the reactor if it must, or in a thread.

    A function must run in the reactor when it is ``async def``, uses ``inlineCallbacks`` or says
    that it returns a Deferred.

    Raises:
        ConfigurationError: ``place`` is unknown; a function that must run in the reactor is to run
            elsewhere; one that is not importable by its name is to run in a process.
    """
    if place is not None and place not in PLACES:
        raise ConfigurationError(f"the place {place!r} is none of {', '.join(PLACES)}")
    if _is_of_reactor(call):
        if place not in {None, REACTOR}:
            text = "a function that is async def, or returns a Deferred, runs in the reactor"
            raise ConfigurationError(f"{text}, not in a {place}")
        return REACTOR
    name = getattr(call, "__qualname__", "")
    if place == PROCESS and "<" in name:  # <lambda>, <locals>
        text = f"{name} cannot run in a process: only what a module holds can be found there"
        raise ConfigurationError(text)
    return place or THREAD


def _is_of_reactor(call: Callable[[Any], Any]) -> bool:
    """Return whether ``call`` returns a coroutine or a Deferred, as far as it can be seen."""
    inner = inspect.unwrap(call)
    is_inline_callbacks = inner is not call and inspect.isgeneratorfunction(inner)
    return is_inline_callbacks or any(
        inspect.iscoroutinefunction(one) or _says_deferred(one)
        for one in (call, inner, getattr(call, "__call__", None))  # noqa: B004  # its function
    )


def _says_deferred(call: object) -> bool:
    """Return whether ``call`` is annotated to return a Deferred."""
    said = getattr(call, "__annotations__", {}).get("return")
    if isinstance(said, str):
        return said.partition("[")[0].rpartition(".")[2] == Deferred.__name__
    return getattr(said, "__origin__", said) is Deferred


def to_name(text: str | bytes) -> bytes:
    """Return ``text`` as the protocol's names are.

    Raises:
        ConfigurationError: it contains NUL.
    """
    name = text.encode() if isinstance(text, str) else text
    if b"\0" in name:
        raise ConfigurationError(f"a name contains NUL: {name[:80]!r}")
    return name
