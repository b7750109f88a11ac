"""Clients: submit tasks to job servers, receive their updates and results.

:class:`Client` and :class:`Task` are the public classes. Behind them, ``router`` finds a server for
each submission in the order of its ``choice``, ``server_link`` keeps the connection to one server,
``connection`` speaks the protocol, and ``submission`` follows one task over all its tries.
"""

from gearman_tx.client.batch import Batch
from gearman_tx.client.choice import (
    CHOICES,
    Choice,
    HashRing,
    InOrder,
    MakeChoice,
    RandomOrder,
    RoundRobin,
)
from gearman_tx.client.client import Client
from gearman_tx.client.task import Task
from gearman_tx.client.updates import Data, JobStatus, Status, Update
from gearman_tx.client.updates import Warning as Warning  # noqa: A004  # the protocol's word

__all__ = [
    "CHOICES",
    "Batch",
    "Choice",
    "Client",
    "Data",
    "HashRing",
    "InOrder",
    "JobStatus",
    "MakeChoice",
    "RandomOrder",
    "RoundRobin",
    "Status",
    "Task",
    "Update",
    "Warning",
]
