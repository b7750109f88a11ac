"""Calls from an event loop of asyncio, in the reactor's thread, and back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from contextvars import Context
from typing import Any

from twisted.internet.defer import CancelledError

from gearman_tx.reactor_thread import THREAD


async def in_reactor(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call a function in the reactor's thread and wait for its outcome.

    Cancelling the waiting cancels the function's Deferred.

    Args:
        function: the function; it may return a Deferred or a coroutine of Twisted.
        arguments: its arguments.

    Raises:
        asyncio.CancelledError: the waiting or the Deferred was cancelled.
        ReactorUnavailable: the reactor cannot be started, or has ended.
        Exception: the exception of the function or of its Deferred.
    """
    try:
        return await asyncio.wrap_future(THREAD.begin(function, *arguments))
    except CancelledError:
        raise asyncio.CancelledError from None


def in_loop(
    loop: asyncio.AbstractEventLoop, context: Context, function: Callable[..., object]
) -> Callable[..., None]:
    """Return a function for the reactor's thread that calls ``function`` in ``loop``.

    Nothing is called once the loop is closed.

    Args:
        loop: the event loop.
        context: the context variables for the call.
        function: the function to call.
    """

    def call(*arguments: object) -> None:
        with suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(function, *arguments, context=context)

    return call
