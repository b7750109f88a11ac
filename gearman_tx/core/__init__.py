"""The job server itself: queues, jobs, workers, clients. Pure Python, no sockets, no clock.

:class:`JobServer` holds the verbs, one file each: ``intake``, ``dispatch``, ``outcome``,
``endings``, ``deadlines``, ``control``. What they share is in ``tables``, what must be made
durable in ``ledger``, what may be looked at in ``snapshots``.
"""

from gearman_tx.core.control import FunctionInUseError, UnknownFunctionError
from gearman_tx.core.events import Events
from gearman_tx.core.job import HIGH, LOW, NORMAL, PRIORITY_NAMES, Job
from gearman_tx.core.job_server import JobServer
from gearman_tx.core.peer import Peer, PeerLink
from gearman_tx.core.policy import (
    DEFAULT_MAX_FUNCTION_NAME,
    DEFAULT_MAX_FUNCTIONS,
    DEFAULT_MAX_UNIQUE,
    MAX_CLIENT_ID,
    UNLIMITED,
    UNLIMITED_RETRIES,
    Policy,
)
from gearman_tx.core.records import Batch, Committed, JobRecord
from gearman_tx.core.snapshots import (
    FunctionSnapshot,
    JobSnapshot,
    JobStatus,
    PeerSnapshot,
    Snapshots,
)
from gearman_tx.core.states import STATE_NAMES

__all__ = [
    "DEFAULT_MAX_FUNCTIONS",
    "DEFAULT_MAX_FUNCTION_NAME",
    "DEFAULT_MAX_UNIQUE",
    "HIGH",
    "LOW",
    "MAX_CLIENT_ID",
    "NORMAL",
    "PRIORITY_NAMES",
    "STATE_NAMES",
    "UNLIMITED",
    "UNLIMITED_RETRIES",
    "Batch",
    "Committed",
    "Events",
    "FunctionInUseError",
    "FunctionSnapshot",
    "Job",
    "JobRecord",
    "JobServer",
    "JobSnapshot",
    "JobStatus",
    "Peer",
    "PeerLink",
    "PeerSnapshot",
    "Policy",
    "Snapshots",
    "UnknownFunctionError",
]
