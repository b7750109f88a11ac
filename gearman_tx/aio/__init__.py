"""The client and the worker for asyncio programs: FastAPI, Django's async views, Jupyter, scripts.

``from gearman_tx.aio import Client`` is all that an asyncio program needs. The client itself is
that of ``gearman_tx``; it runs in the thread of ``reactor_thread``, so the program's event loop may
be of any kind, and there may be several loops, in any thread and one after the other.
"""

from gearman_tx.aio.batch import Batch
from gearman_tx.aio.client import Client
from gearman_tx.aio.job import Job
from gearman_tx.aio.task import Task
from gearman_tx.aio.worker import Worker

__all__ = ["Batch", "Client", "Job", "Task", "Worker"]
