"""All kinds of work, in the order of the page."""

from __future__ import annotations

from typing import Final

from benchmarks.kinds import background, foreground, many_workers, options, queued, stalls, stored

KINDS: Final = (
    *foreground.KINDS,
    *background.KINDS,
    *many_workers.KINDS,
    *queued.KINDS,
    *stalls.KINDS,
    *background.DURABLE_KINDS,
    *stored.KINDS,
    *options.KINDS,
)
