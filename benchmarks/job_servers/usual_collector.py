"""Our server with the interpreter's default garbage collector, for comparison.

``python usual_collector.py -n gearmand [options]`` replaces ``twistd -n gearmand [options]``.
"""

from __future__ import annotations

from collections.abc import Sized

from twisted.scripts.twistd import run

from gearman_tx.daemon import assembly


class Nothing:
    """A collector policy that changes nothing."""

    def __init__(self, jobs: Sized) -> None:
        del jobs

    def start(self) -> None:
        """Do nothing."""

    def adjust(self) -> None:
        """Do nothing."""

    def stop(self) -> None:
        """Do nothing."""


if __name__ == "__main__":
    vars(assembly)["Collector"] = Nothing
    run()
