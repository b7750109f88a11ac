"""Why a connection failed or ended, as a part of a sentence.

The texts of Twisted's errors are sentences with a full stop, repeat themselves, or are the ``repr``
of an object. Errors and log lines of clients and workers take their reasons from here.
"""

from __future__ import annotations

import os
from typing import Final

from twisted.internet import defer, error

_TEXTS: Final[tuple[tuple[tuple[type[BaseException], ...], str], ...]] = (
    ((error.ConnectionRefusedError,), "connection refused"),
    (
        (error.TimeoutError, error.TCPTimedOutError, defer.TimeoutError),
        "it did not answer in time",
    ),
    ((error.ConnectionDone,), "the connection was closed"),
    ((error.ConnectionLost,), "the connection was reset"),
)


def failure_text(reason: BaseException | None) -> str:
    """Return why a connection failed or ended, without a full stop at the end.

    Args:
        reason: the value of the failure.
    """
    for classes, text in _TEXTS:
        if isinstance(reason, classes):
            return text
    if isinstance(reason, error.ConnectError):
        text = os.strerror(reason.osError) if reason.osError else str(reason.args[0])
    elif reason is not None and reason.args and isinstance(reason.args[0], list):
        text = "; ".join(str(one[-1]) for one in reason.args[0])  # an error of OpenSSL
    else:
        text = str(reason)
    return text.rstrip(". ") or type(reason).__name__
