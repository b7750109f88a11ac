"""gearman_tx: Gearman in Python on Twisted: a job server, a client and a worker.

``twistd gearmand`` starts the server; :mod:`gearman_tx.tap` builds it inside another
Twisted program. :class:`Client` submits tasks and
:class:`Worker` does them. The rooms, from the bottom: ``wire`` and ``core``
(pure Python), ``store`` and ``link``, ``server``, ``client`` and ``worker``, ``admin``, and the
front door ``tap`` and ``cli``.
"""

from gearman_tx._version import __version__
from gearman_tx.client import Client, Data, JobStatus, Status, Task
from gearman_tx.client import Warning as Warning  # noqa: A004  # the protocol's word
from gearman_tx.encoders import BYTES, JSON, TEXT, MsgpackEncoder
from gearman_tx.errors import (
    ConfigurationError,
    ConnectionLost,
    GearmanError,
    JobException,
    JobFailed,
    LocalProtocolError,
    NoServer,
    Refused,
    RemoteProtocolError,
    TimedOut,
)
from gearman_tx.link import Server
from gearman_tx.worker import LifeLimits, Worker, WorkerJob

__all__ = [
    "BYTES",
    "JSON",
    "TEXT",
    "Client",
    "ConfigurationError",
    "ConnectionLost",
    "Data",
    "GearmanError",
    "JobException",
    "JobFailed",
    "JobStatus",
    "LifeLimits",
    "LocalProtocolError",
    "MsgpackEncoder",
    "NoServer",
    "Refused",
    "RemoteProtocolError",
    "Server",
    "Status",
    "Task",
    "TimedOut",
    "Warning",
    "Worker",
    "WorkerJob",
    "__version__",
]
