"""The states of a job and the lawful moves between them, as one table.

============  =================================================================================
COMMITTING    submitted in the background, not durable yet: no worker and no report sees it
DELAYED       waits for its time
QUEUED        waits for a worker
RUNNING       a worker has it
ENDED         completed, failed, cancelled, abandoned or refused; forgotten by the server
============  =================================================================================
"""

from __future__ import annotations

from typing import Final

COMMITTING: Final = 0
DELAYED: Final = 1
QUEUED: Final = 2
RUNNING: Final = 3
ENDED: Final = 4

STATE_NAMES: Final = ("committing", "delayed", "queued", "running", "ended")

MOVES: Final = {
    COMMITTING: frozenset({DELAYED, QUEUED, ENDED}),
    DELAYED: frozenset({QUEUED, ENDED}),
    QUEUED: frozenset({RUNNING, ENDED}),
    RUNNING: frozenset({QUEUED, ENDED}),
    ENDED: frozenset(),
}
"""For each state, the states that may follow it."""
