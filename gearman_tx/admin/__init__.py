"""The text protocol: reports and commands for operators, on the same port as the packets.

:class:`AdminCommands` answers a line. ``verbs`` is the table of commands, ``reports`` turns
snapshots into rows, ``answers`` has the replies of one line, ``names`` keeps control characters
out of all of them. They know no socket: the caller that received the line writes the reply.

:class:`AdminClient` is the other end: it asks a job server; ``replies`` and ``store_status`` read
the answers. Only AdminClient needs Twisted; it is imported when it is first used.
"""

from typing import TYPE_CHECKING, Any

from gearman_tx.admin.commands import MAX_WORDS, VERBOSITIES, AdminCommands
from gearman_tx.admin.names import escape, unescape
from gearman_tx.admin.replies import (
    ClientDetails,
    ConnectionStatus,
    FunctionDetails,
    FunctionStatus,
    JobDetails,
    PriorityStatus,
    QueuedJob,
    read_jobs,
)
from gearman_tx.admin.store_status import StoreStatus

if TYPE_CHECKING:
    from gearman_tx.admin.client import AdminClient

__all__ = [
    "MAX_WORDS",
    "VERBOSITIES",
    "AdminClient",
    "AdminCommands",
    "ClientDetails",
    "ConnectionStatus",
    "FunctionDetails",
    "FunctionStatus",
    "JobDetails",
    "PriorityStatus",
    "QueuedJob",
    "StoreStatus",
    "escape",
    "read_jobs",
    "unescape",
]

if not TYPE_CHECKING:  # a type checker would take any name for one of this module

    def __getattr__(name: str) -> Any:
        """Import AdminClient when it is first used (PEP 562)."""
        if name != "AdminClient":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from gearman_tx.admin.client import AdminClient  # noqa: PLC0415  # it imports Twisted

        return AdminClient
