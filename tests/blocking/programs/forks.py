"""Clients in forked processes: ``forks.py PORT FUNCTION``."""

from __future__ import annotations

import os
import sys
import traceback
import warnings
from collections.abc import Callable

from gearman_tx import blocking as gearman

PORT, FUNCTION = sys.argv[1:]


# Python warns of a fork while threads run; what follows shows that it does no harm here.
warnings.filterwarnings("ignore", ".*use of fork", DeprecationWarning)


class Once(gearman.GearmanWorker):
    """A worker that ends after a job."""

    def after_job(self) -> bool:
        """End."""
        return False


def say(text: str) -> None:
    """Print a line at once: parent and child would both print a buffered one."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def in_child(function: Callable[[], object]) -> None:
    """Call a function in a child; end with its status if that is not 0."""
    child = os.fork()
    if not child:
        status = 1
        try:
            function()
            status = 0
        except BaseException:
            traceback.print_exc()
            raise
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    if status:
        sys.exit(f"the child ended with {status}")


def main() -> None:
    """Make clients and a worker, fork before their first use and after it."""
    servers = [f"127.0.0.1:{PORT}"]
    client, admin = gearman.GearmanClient(servers), gearman.GearmanAdminClient(servers)
    worker = Once(servers)
    worker.register_task(f"{FUNCTION}-reverse", lambda _, job: job.data[::-1])
    waiting: list[gearman.GearmanJobRequest] = []

    def submit() -> None:
        say(f"submitted: {client.submit_job(FUNCTION, b'x', background=True).state}")

    def use() -> None:
        submit()
        client.wait_until_jobs_completed(waiting)
        say(f"of the parent: {waiting[0].state}")
        job = client.submit_job(f"{FUNCTION}-reverse", b"abc", wait_until_complete=False)
        worker.work()
        client.wait_until_jobs_completed([job])
        say(f"worked: {job.result!r}")
        say(f"seen: {FUNCTION in [row['task'] for row in admin.get_status()]}")
        client.shutdown()

    in_child(submit)
    submit()
    request = client.submit_job(f"{FUNCTION}-reverse", b"123", wait_until_complete=False)
    waiting.append(request)
    admin.get_status()
    in_child(submit)
    say(f"still: {request.state}")
    worker.work()
    client.wait_until_jobs_completed([request])
    say(f"worked: {request.result!r}")
    waiting[0] = client.submit_job(FUNCTION, b"never ends", wait_until_complete=False)
    in_child(use)
    submit()
    client.wait_until_jobs_completed(waiting, poll_timeout=0.01)
    say(f"still: {waiting[0].state}")
    in_child(lambda: in_child(use))


main()
