"""Workers: run functions for job servers.

:class:`Worker` is the door. ``slots`` decides which job server is asked for the next job,
``functions`` runs plain functions in threads, computing ones in processes, ``async def`` ones in
the reactor; ``limits`` ends a worker that should be replaced by a fresh one.
"""

from gearman_tx.worker.functions import PROCESS, REACTOR, THREAD
from gearman_tx.worker.job import WorkerJob
from gearman_tx.worker.limits import LifeLimits
from gearman_tx.worker.worker import Worker

__all__ = ["PROCESS", "REACTOR", "THREAD", "LifeLimits", "Worker", "WorkerJob"]
