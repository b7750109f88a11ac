"""Clients in forked processes: ``forks.py PORT FUNCTION``."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable

from gearman_tx import blocking as gearman

PORT, FUNCTION = sys.argv[1:]


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
    """Make a client, fork before its first use and after it."""
    client = gearman.GearmanClient([f"127.0.0.1:{PORT}"])

    def submit() -> None:
        say(f"submitted: {client.submit_job(FUNCTION, b'x', background=True).state}")

    def fail() -> None:
        for call in (
            submit,
            lambda: gearman.GearmanClient([f"127.0.0.1:{PORT}"]).submit_job(FUNCTION, b"x"),
            lambda: gearman.GearmanWorker([f"127.0.0.1:{PORT}"]).work(),
            lambda: gearman.GearmanAdminClient([f"127.0.0.1:{PORT}"]).get_status(),
        ):
            try:
                call()
            except gearman.errors.ReactorUnavailable as error:
                say(f"refused: {str(error)[:23]}")

    in_child(submit)
    submit()
    in_child(fail)
    submit()


main()
