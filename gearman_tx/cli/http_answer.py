"""Answer one HTTP request on standard input, for inetd, socat or a socket of systemd."""

from __future__ import annotations

import os
import select
import sys
import time
from collections.abc import Callable
from typing import Final

_SECONDS: Final = 5.0
"""How long the request may take to arrive."""

_LONGEST: Final = 64 * 1024  # bytes of a request
_ENDS: Final = (b"\r\n\r\n", b"\n\n")
_PATHS: Final = ("/", "/metrics")


def answer_request(content_type: str, make: Callable[[], str]) -> None:
    """Read a request and answer it.

    Args:
        content_type: the type of what ``make`` returns.
        make: is called for a request for ``/metrics``; returns the body.
    """
    request = _read_request()
    method, _, rest = request.partition(b" ")
    path = rest.partition(b" ")[0].partition(b"?")[0].decode("ascii", "replace")
    if not request:
        _write("408 Request Timeout", "text/plain", "no request came\n")
    elif method not in {b"GET", b"HEAD"}:
        _write("405 Method Not Allowed", "text/plain", "only GET is answered\n", "Allow: GET, HEAD")
    elif path not in _PATHS:
        _write("404 Not Found", "text/plain", "the metrics are at /metrics\n")
    else:
        _write("200 OK", content_type, make(), has_body=method == b"GET")


def _read_request() -> bytes:
    """Return the head of the request; nothing if it is not whole in time."""
    source = sys.stdin.fileno()
    deadline = time.monotonic() + _SECONDS
    head = b""
    while not any(end in head for end in _ENDS):
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([source], [], [], left)[0] or len(head) > _LONGEST:
            return b""
        data = os.read(source, _LONGEST)
        if not data:
            return b""
        head += data
    return head


def _write(status: str, content_type: str, text: str, *headers: str, has_body: bool = True) -> None:
    body = text.encode()
    lines = (
        f"HTTP/1.1 {status}",
        f"Content-Type: {content_type}",
        f"Content-Length: {len(body)}",
        "Connection: close",
        *headers,
    )
    head = "".join(f"{line}\r\n" for line in lines) + "\r\n"
    sys.stdout.buffer.write(head.encode() + (body if has_body else b""))
    sys.stdout.buffer.flush()
