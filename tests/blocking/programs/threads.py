"""Workers and clients in threads that are not joined: ``threads.py PORT FUNCTION``.

The main thread ends at once; the interpreter waits for the others, and then ends.
"""

from __future__ import annotations

import sys
import threading
from typing import Any

from gearman_tx import blocking as gearman

WORKERS, CLIENTS, JOBS = 3, 8, 25
PORT, FUNCTION = sys.argv[1:]
DONE = threading.Semaphore(0)
STOP = threading.Event()


class Worker(gearman.GearmanWorker):
    """A worker that ends with the clients."""

    def after_poll(self, any_activity: bool) -> bool:
        """Go on until all clients are done."""
        del any_activity
        return not STOP.is_set()


def work() -> None:
    """Run a worker in this thread."""
    here = threading.get_ident()

    def run(_worker: Any, job: Any) -> bytes:
        assert threading.get_ident() == here, "a job was run in another thread"
        word: bytes = job.data
        return word[::-1]

    worker = Worker([f"127.0.0.1:{PORT}"])
    worker.register_task(FUNCTION, run)
    worker.work(poll_timeout=0.2)


def ask(client: Any, number: int) -> None:
    """Submit jobs, one by one and then together, with a client that all threads share."""
    words = [f"{number}-{job}".encode() for job in range(JOBS)]
    results = [client.submit_job(FUNCTION, word).result for word in words]
    jobs = [{"task": FUNCTION, "data": word} for word in words]
    results += [request.result for request in client.submit_multiple_jobs(jobs)]
    assert results == [word[::-1] for word in words] * 2
    DONE.release()


def watch() -> None:
    """Stop the workers when all clients are done."""
    for _ in range(CLIENTS):
        DONE.acquire()
    STOP.set()
    sys.stdout.write(f"{CLIENTS} clients are done\n")


def main() -> None:
    """Start all threads and do not wait for them."""
    client = gearman.GearmanClient([f"127.0.0.1:{PORT}"])
    for _ in range(WORKERS):
        threading.Thread(target=work).start()
    for number in range(CLIENTS):
        threading.Thread(target=ask, args=(client, number)).start()
    threading.Thread(target=watch).start()


main()
