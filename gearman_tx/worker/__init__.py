"""Workers: run functions for job servers.

:class:`Worker` is the public class; it can be a whole program, or part of a Twisted application as
a :class:`WorkerService`. Behind it, ``engine`` takes a worker from its start to its end, ``slots``
decides which job server is asked for the next job, ``runner`` runs plain functions in threads,
computing ones in processes, ``async def`` ones in the reactor, and ``limits`` says when a worker
should be replaced by a new one.
"""

from gearman_tx.worker.functions import PROCESS, REACTOR, THREAD, WorkerFunction
from gearman_tx.worker.job import WorkerJob
from gearman_tx.worker.limits import LifeLimits
from gearman_tx.worker.runner import FunctionRunner, call_in_reactor
from gearman_tx.worker.service import WorkerService
from gearman_tx.worker.threads import call_in_thread
from gearman_tx.worker.worker import Worker

__all__ = [
    "PROCESS",
    "REACTOR",
    "THREAD",
    "FunctionRunner",
    "LifeLimits",
    "Worker",
    "WorkerFunction",
    "WorkerJob",
    "WorkerService",
    "call_in_reactor",
    "call_in_thread",
]
