"""The states of a job and the lawful moves between them, as one table.

============  =================================================================================
COMMITTING    submitted in the background, not durable yet: workers and reports do not see it
DELAYED       waits for its time
QUEUED        waits for a worker
RUNNING       a worker has it
KEPT          waits in the store for the next start, because this server is about to stop
ENDED         completed, failed, cancelled, abandoned or refused; the server has forgotten it
============  =================================================================================

The server does not look at the table of moves. The tests check every move of every job against it.
"""

from __future__ import annotations

from typing import Final

COMMITTING: Final = 0
DELAYED: Final = 1
QUEUED: Final = 2
RUNNING: Final = 3
KEPT: Final = 4
ENDED: Final = 5

STATE_NAMES: Final = ("committing", "delayed", "queued", "running", "kept", "ended")

MOVES: Final = {
    COMMITTING: frozenset({DELAYED, QUEUED, KEPT, ENDED}),
    DELAYED: frozenset({QUEUED, KEPT, ENDED}),
    QUEUED: frozenset({RUNNING, KEPT, ENDED}),
    RUNNING: frozenset({QUEUED, KEPT, ENDED}),
    KEPT: frozenset({ENDED}),
    ENDED: frozenset(),
}
"""For each state, the states that may follow it."""
