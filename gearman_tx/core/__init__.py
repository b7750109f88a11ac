"""The job server itself: queues, jobs, workers, clients. Pure Python, no sockets, no clock.

:class:`JobServer` holds the verbs, one file each: ``intake``, ``dispatch``, ``outcome``, ``retry``,
``endings``, ``leaving``, ``deadlines``, ``control``. They share the state in ``tables``. ``ledger``
notes what must be made durable, ``snapshots`` shows what reports and consoles may see, and
``settings`` says what an operator may set for a function.
"""

from gearman_tx.core.control import FunctionInUseError, UnknownFunctionError
from gearman_tx.core.ends import END_NAMES
from gearman_tx.core.events import Events
from gearman_tx.core.job import HIGH, LOW, NORMAL, PRIORITY_NAMES, Job
from gearman_tx.core.job_server import JobServer
from gearman_tx.core.peer import Peer, PeerLink, Promise
from gearman_tx.core.policy import (
    DEFAULT_MAX_FUNCTION_NAME,
    DEFAULT_MAX_FUNCTIONS,
    DEFAULT_MAX_UNIQUE,
    MAX_CLIENT_ID,
    UNLIMITED_RETRIES,
    Policy,
)
from gearman_tx.core.records import Batch, Committed, JobChange, JobRecord
from gearman_tx.core.settings import UNLIMITED, FunctionSettings
from gearman_tx.core.snapshots import (
    FunctionSnapshot,
    FunctionTotals,
    JobSnapshot,
    JobStatus,
    PeerAddress,
    PeerSnapshot,
    Snapshots,
)
from gearman_tx.core.states import STATE_NAMES

__all__ = [
    "DEFAULT_MAX_FUNCTIONS",
    "DEFAULT_MAX_FUNCTION_NAME",
    "DEFAULT_MAX_UNIQUE",
    "END_NAMES",
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
    "FunctionSettings",
    "FunctionSnapshot",
    "FunctionTotals",
    "Job",
    "JobChange",
    "JobRecord",
    "JobServer",
    "JobSnapshot",
    "JobStatus",
    "Peer",
    "PeerAddress",
    "PeerLink",
    "PeerSnapshot",
    "Policy",
    "Promise",
    "Snapshots",
    "UnknownFunctionError",
]
