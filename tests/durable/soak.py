"""The kill test for as long as you like: ``python -m tests.durable.soak --kills 100``.

It needs the package installed as for the tests, prints the figures at its end, and ends with
status 1 when a promise was broken.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

from tests.durable.kill_test_driver import KillTestDriver
from tests.durable.promises import BrokenPromise


def main() -> int:
    """Kill a server many times and print what became of the jobs."""
    parser = argparse.ArgumentParser(prog="python -m tests.durable.soak")
    parser.add_argument("--kills", type=int, default=100, help="how often; default %(default)s")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    parser.add_argument(
        "--folder", type=Path, help="where the queue file is; a new one if not given"
    )
    parser.add_argument("options", nargs="*", help="options of the server, behind --")
    given = parser.parse_args()
    say = sys.stdout.write
    say(f"seed {given.seed}\n")
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        driver = KillTestDriver(
            given.folder or Path(folder), ("--queue-type=sqlite", *given.options), given.seed
        )
        try:
            for _ in range(given.kills):
                driver.run_and_kill()
            driver.drain()
        except BrokenPromise as broken:
            say(f"BROKEN: {broken}\n")
            return 1
        finally:
            say(f"{driver.promises.table()}\n{'seconds':<26}{time.monotonic() - begun:>9.1f}\n")
    return 1 if driver.promises.lost else 0


if __name__ == "__main__":
    sys.exit(main())
