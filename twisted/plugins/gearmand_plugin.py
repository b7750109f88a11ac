"""Tell ``twistd`` that the command ``gearmand`` exists.

``twistd`` imports this file whenever it lists its commands, so it imports nothing of gearman_tx:
the module named below is loaded only when somebody asks for ``gearmand``.
"""

from twisted.application.service import ServiceMaker

gearmand = ServiceMaker(
    "Gearman job server",
    "gearman_tx.tap",
    "A Gearman job server that serves the clients and workers of the C gearmand.",
    "gearmand",
)
