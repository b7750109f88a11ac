"""A worker, as a whole program. Argument: the port of its job server."""

from __future__ import annotations

import sys

from gearman_tx import Worker

if __name__ == "__main__":
    worker = Worker(f"127.0.0.1:{sys.argv[1]}")
    worker.register("f", lambda job: job.workload)
    worker.run()
