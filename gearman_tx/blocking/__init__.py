"""python-gearman's classes, for programs that do not use Twisted.

``from gearman_tx import blocking as gearman`` replaces ``import gearman`` of python-gearman,
gearman3 or pygearman. :class:`GearmanClient`, :class:`GearmanWorker` and
:class:`GearmanAdminClient` use our own client, worker and admin client, which run in the reactor's
thread (``reactor_thread``); the modules ``client``, ``worker``, ``admin_client``, ``job``,
``errors`` and ``constants`` have python-gearman's names.
"""

from gearman_tx._version import __version__
from gearman_tx.blocking import (
    admin_client,
    client,
    connection,
    connection_manager,
    constants,
    errors,
    job,
    worker,
)
from gearman_tx.blocking.admin_client import GearmanAdminClient
from gearman_tx.blocking.client import GearmanClient
from gearman_tx.blocking.connection_manager import DataEncoder
from gearman_tx.blocking.constants import (
    JOB_COMPLETE,
    JOB_CREATED,
    JOB_FAILED,
    JOB_PENDING,
    JOB_UNKNOWN,
    PRIORITY_HIGH,
    PRIORITY_LOW,
    PRIORITY_NONE,
)
from gearman_tx.blocking.job import GearmanJob, GearmanJobRequest
from gearman_tx.blocking.worker import GearmanWorker

__all__ = [
    "JOB_COMPLETE",
    "JOB_CREATED",
    "JOB_FAILED",
    "JOB_PENDING",
    "JOB_UNKNOWN",
    "PRIORITY_HIGH",
    "PRIORITY_LOW",
    "PRIORITY_NONE",
    "DataEncoder",
    "GearmanAdminClient",
    "GearmanClient",
    "GearmanJob",
    "GearmanJobRequest",
    "GearmanWorker",
    "__version__",
    "admin_client",
    "client",
    "connection",
    "connection_manager",
    "constants",
    "errors",
    "job",
    "worker",
]
