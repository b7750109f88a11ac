"""A client that waits for a job: ``waits.py PORT FUNCTION HOW``.

``main``    in the main thread; when that is interrupted it submits a background job
``daemon``  in a daemon thread; the program ends meanwhile
``death``   until all job servers are lost; prints the request, then waits for one to come back
``silent``  a second, for a job server that says nothing
"""

from __future__ import annotations

import sys
import threading

from gearman_tx import blocking as gearman
from gearman_tx.blocking.errors import GearmanError, ServerUnavailable

PORT, FUNCTION, HOW = sys.argv[1:]
CLIENT = gearman.GearmanClient([f"127.0.0.1:{PORT}"])


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def submitted() -> gearman.GearmanJobRequest:
    """Return a request that a job server has accepted."""
    request = CLIENT.submit_job(FUNCTION, b"x", wait_until_complete=False)
    say(f"waiting for a {request.state} job")
    return request


def wait_in_main() -> None:
    """Be interrupted, and go on."""
    request = submitted()
    try:
        CLIENT.wait_until_jobs_completed([request])
    except KeyboardInterrupt:
        say(f"interrupted: {request.state}")
    say(f"and then: {CLIENT.submit_job(FUNCTION, b'x', background=True).state}")


def wait_as_daemon() -> None:
    """End while a thread waits."""
    request = submitted()
    wait = CLIENT.wait_until_jobs_completed
    threading.Thread(target=wait, args=([request],), daemon=True).start()


def wait_for_death() -> None:
    """Wait while the job server dies and another one starts."""
    request = submitted()
    for call in (
        lambda: CLIENT.wait_until_jobs_completed([request]),
        lambda: CLIENT.get_job_status(request),
        lambda: CLIENT.submit_job(FUNCTION, b"x"),
    ):
        try:
            call()
        except GearmanError as error:
            say(f"{type(error).__name__}: {request.state}, {request.timed_out}")
    say("nobody is there")
    while True:
        try:
            state = CLIENT.submit_job(FUNCTION, b"x", background=True).state
        except ServerUnavailable:
            continue
        say(f"back: {state}")
        return


def wait_for_silence() -> None:
    """Wait no longer than a second for a silent job server."""
    request = CLIENT.submit_job(FUNCTION, b"x", poll_timeout=1.0)
    say(f"silence: {request.state}, {request.timed_out}")
    other = gearman.GearmanAdminClient([f"127.0.0.1:{PORT}"], poll_timeout=0.5)
    try:
        other.get_version()
    except GearmanError as error:
        say(f"{type(error).__name__}: {error}")


{
    "main": wait_in_main,
    "daemon": wait_as_daemon,
    "death": wait_for_death,
    "silent": wait_for_silence,
}[HOW]()
