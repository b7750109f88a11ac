"""The functions of a worker, and where each runs: in a thread, in a process, in the reactor."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Final, NoReturn

from attrs import evolve, field, frozen, validators
from twisted.internet.defer import Deferred

from gearman_tx.errors import ConfigurationError
from gearman_tx.values.kinds import check_function, kind_of

REACTOR: Final = "reactor"
THREAD: Final = "thread"
PROCESS: Final = "process"
PLACES: Final = (REACTOR, THREAD, PROCESS)


@frozen(eq=False)
class WorkerFunction:
    """One registered function.

    Attributes:
        name: its name at the job server, with the namespace.
        call: called with a :class:`WorkerJob`; in a process, with ``job.data`` alone.
        timeout: seconds after which the job server gives the job to another worker, and a function
            in a process is ended; 0 for never, and less than 1 counts as 1.
        place: ``reactor`` for an ``async def`` function or one that returns a Deferred, ``thread``
            for a plain function that may block, ``process`` for one that computes.
    """

    name: bytes
    call: Callable[[Any], Any]
    timeout: float = field(default=0.0, validator=validators.ge(0))
    place: str = field(default=THREAD, validator=validators.in_(PLACES))

    def failing(self, error: Exception) -> WorkerFunction:
        """Return a function of the same name that raises ``error``."""

        def call(_job: object) -> NoReturn:
            raise error

        return evolve(self, call=call, place=REACTOR)


def place_of(call: Callable[[Any], Any], place: str | None) -> str:
    """Return where ``call`` runs: in ``place`` if given, else in the reactor or a thread.

    A function must run in the reactor when it is ``async def``, uses ``inlineCallbacks`` or is
    annotated to return a Deferred.

    Raises:
        ConfigurationError: ``place`` is unknown; or it is another place for a function that must
            run in the reactor; or it is a process and the function cannot be imported by its name.
    """
    check_function("the function of a worker", call)
    if place is not None and place not in PLACES:
        raise ConfigurationError(f"the place {place!r} is none of {', '.join(PLACES)}")
    if _is_of_reactor(call):
        if place not in {None, REACTOR}:
            text = "a function that is async def, or returns a Deferred, runs in the reactor"
            raise ConfigurationError(f"{text}, not in a {place}")
        return REACTOR
    name = getattr(call, "__qualname__", "")
    if place == PROCESS and "<" in name:  # <lambda>, <locals>
        text = f"{name} cannot run in a process: it must be importable from a module by its name"
        raise ConfigurationError(text)
    return place or THREAD


def _is_of_reactor(call: Callable[[Any], Any]) -> bool:
    """Return whether ``call`` is known to return a coroutine or a Deferred."""
    inner = inspect.unwrap(call)
    is_inline_callbacks = inner is not call and inspect.isgeneratorfunction(inner)
    return is_inline_callbacks or any(
        inspect.iscoroutinefunction(one) or _is_annotated(one)
        for one in (call, inner, getattr(call, "__call__", None))  # noqa: B004  # its function
    )


def _is_annotated(call: object) -> bool:
    """Return whether ``call`` is annotated to return a Deferred."""
    annotation = getattr(call, "__annotations__", {}).get("return")
    if isinstance(annotation, str):
        return annotation.partition("[")[0].rpartition(".")[2] == Deferred.__name__
    return getattr(annotation, "__origin__", annotation) is Deferred


def to_name(text: str | bytes) -> bytes:
    """Return ``text`` as it is sent: in UTF-8.

    Raises:
        ConfigurationError: ``text`` contains NUL, or is no text.
    """
    if not isinstance(text, str | bytes):
        raise ConfigurationError(f"a name is str or bytes, not {kind_of(text)}")
    name = text.encode() if isinstance(text, str) else text
    if b"\0" in name:
        raise ConfigurationError(f"a name contains NUL: {name[:80]!r}")
    return name
