"""The client room: tasks submitted to job servers, their updates and their results.

:class:`Client` is the door and :class:`Task` what comes out of it. Behind them, ``router`` finds a
server for each submission in the order that ``choice`` gives, ``line`` is the way to one server,
``connection`` the protocol, and ``submission`` the life of one task over all its tries.
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
