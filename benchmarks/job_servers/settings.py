"""How a job server is set up for a kind of work."""

from __future__ import annotations

from typing import Final

MEMORY: Final = "memory"
"""The queue is in memory. This is the default of a kind."""

DURABLE: Final = "durable"
"""Background jobs are kept in SQLite, in the server's folder."""

NORMAL: Final = "durable, synchronous=normal"
"""The same, but a power failure may lose the newest jobs. Ours only."""

WAKES_ALL: Final = "wakes all"
"""The queue is in memory and every sleeping worker is woken for a job. Ours only."""

USUAL_COLLECTOR: Final = "usual collector"
"""The queue is in memory and the garbage collector keeps its defaults. Ours only."""

TLS: Final = "tls"
"""The port speaks TLS; the queue is in memory. Ours only."""
