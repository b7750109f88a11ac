"""Why a connection failed or ended: short, without the class or the ``repr`` of anything."""

from __future__ import annotations

import pytest
from OpenSSL import SSL
from twisted.internet import defer
from twisted.internet import error as twisted

from gearman_tx.link.failure_text import failure_text


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (twisted.ConnectionRefusedError(111, "Connection refused"), "connection refused"),
        (twisted.TimeoutError(), "it did not answer in time"),
        (twisted.TCPTimedOutError(110, "Connection timed out"), "it did not answer in time"),
        (defer.TimeoutError(30.0, "Deferred"), "it did not answer in time"),
        (twisted.ConnectionDone(), "the connection was closed"),
        (twisted.ConnectionLost("Connection lost"), "the connection was reset"),
        (twisted.ConnectError(2), "No such file or directory"),
        (twisted.ConnectError(string="nobody listens"), "nobody listens"),
        (
            twisted.DNSLookupError("no results for hostname lookup: nowhere.example"),
            "DNS lookup failed: no results for hostname lookup: nowhere.example",
        ),
        (
            SSL.Error([("SSL routines", "", "certificate verify failed")]),
            "certificate verify failed",
        ),
        (SSL.Error(), "Error"),
        (OSError("The disk is full."), "The disk is full"),
        (defer.CancelledError(), "CancelledError"),
    ],
)
def test_texts(error: Exception, text: str) -> None:
    """Each is a part of a sentence, so it has no full stop."""
    assert failure_text(error) == text
