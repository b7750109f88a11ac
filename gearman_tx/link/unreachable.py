"""Why a job server could not be reached, in words."""

from __future__ import annotations

from typing import Final

from twisted.internet.defer import CancelledError
from twisted.internet.defer import TimeoutError as DeferredTimeout
from twisted.internet.error import ConnectingCancelledError
from twisted.internet.error import TimeoutError as ConnectTimeout

from gearman_tx.link.failure_text import failure_text

_NO_ANSWER: Final = (CancelledError, ConnectingCancelledError, ConnectTimeout, DeferredTimeout)
"""How Twisted's endpoints say that an attempt took too long; the texts name objects of theirs."""


def why_unreachable(error: BaseException | None, seconds: float) -> str:
    """Return why an attempt to connect failed, for the end of a sentence.

    Args:
        error: the error of the endpoint.
        seconds: how long the attempt took.
    """
    if isinstance(error, _NO_ANSWER):
        return f"it did not answer in {round(seconds, 1):g} seconds"
    return failure_text(error)
