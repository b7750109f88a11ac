"""Two thousand requests at once: ``volume.py PORT FUNCTION``, with ``worker.py``."""

from __future__ import annotations

import sys
from collections import Counter

from gearman_tx import blocking as gearman

COUNT = 2_000


def main() -> None:
    """Submit them, wait for all, and count their outcomes."""
    port, function = sys.argv[1:]
    client = gearman.GearmanClient([f"127.0.0.1:{port}"])
    requests = [
        gearman.GearmanJobRequest(
            gearman.GearmanJob(None, None, function, f"u{number}", f"{number}".encode())
        )
        for number in range(COUNT)
    ]
    done = client.submit_multiple_requests(requests, poll_timeout=120.0)
    states = Counter(request.state for request in done)
    right = sum(request.result == request.job.data[::-1] for request in done)
    sys.stdout.write(f"{dict(states)} {right} right, {len({r.job.handle for r in done})} handles\n")
    statuses = client.get_job_statuses(requests[:100], poll_timeout=20.0)
    known = sum(request.status["known"] for request in statuses)
    sys.stdout.write(f"{known} of {len(statuses)} are known still\n")


main()
