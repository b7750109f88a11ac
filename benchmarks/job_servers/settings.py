"""How a job server is set up for a kind of work."""

from __future__ import annotations

from typing import Final

MEMORY: Final = "memory"
"""The queue is in memory. This is what a kind has that says nothing."""

DURABLE: Final = "durable"
"""Background jobs are kept in SQLite, in the server's folder."""

TLS: Final = "tls"
"""The port speaks TLS; the queue is in memory."""
