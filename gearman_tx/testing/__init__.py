"""For tests of programs that use gearman_tx: job servers in memory, and real ones.

:class:`Stage` is the door to the first: a :class:`MemoryReactor` whose time the test moves, and a
:class:`MemoryServer` or several on it, to which the very clients and workers of production connect
without sockets. :class:`GearmanServer` is the second: ``twistd gearmand`` in a process of its own.
``pytest_plugin`` has fixtures for both; pytest finds it by itself.
"""

from gearman_tx.testing.connection import MemoryConnection
from gearman_tx.testing.process import GearmanServer, ServerProcess
from gearman_tx.testing.reactor import MemoryReactor
from gearman_tx.testing.server import MemoryServer
from gearman_tx.testing.stage import NoResult, Stage

__all__ = [
    "GearmanServer",
    "MemoryConnection",
    "MemoryReactor",
    "MemoryServer",
    "NoResult",
    "ServerProcess",
    "Stage",
]
