"""For tests of programs that use gearman_tx: job servers in memory, and real ones.

:class:`Stage` runs job servers in memory: a :class:`MemoryReactor` whose time the test moves, with
one :class:`MemoryServer` or several. The clients and workers of production connect to them without
sockets. :class:`GearmanServer` is ``twistd gearmand`` in a process of its own. ``pytest_plugin``
has fixtures for both; pytest finds it without configuration.
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
