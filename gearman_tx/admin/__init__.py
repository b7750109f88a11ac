"""The text protocol: reports and commands for operators, on the same port as the packets.

:class:`AdminCommands` answers a line. ``verbs`` is the table of commands, ``reports`` turns
snapshots into rows, ``answers`` has the replies of one line, ``names`` keeps control characters
out of all of them. They know no socket: the caller that received the line writes the reply.

:class:`AdminClient` is the other end: it asks a job server; ``replies`` and ``store_status`` read
the answers.
"""

from gearman_tx.admin.client import AdminClient
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
