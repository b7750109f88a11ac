"""Our server with the garbage collector as the interpreter comes with it, for comparison.

``python usual_collector.py -n gearmand [options]`` stands for ``twistd -n gearmand [options]``.
"""

from __future__ import annotations

from collections.abc import Sized

from twisted.scripts.twistd import run

from gearman_tx.daemon import assembly


class Nothing:
    """What is done about the collector: nothing."""

    def __init__(self, jobs: Sized) -> None:
        del jobs

    def start(self) -> None:
        """Leave it as it is."""

    def adjust(self) -> None:
        """Leave it as it is."""

    def stop(self) -> None:
        """It is as it was."""


if __name__ == "__main__":
    vars(assembly)["Collector"] = Nothing
    run()
