"""The plugin that gives ``twistd`` the command ``gearmand``.

``twistd`` imports this file whenever it lists its commands. So the file imports nothing of
gearman_tx; ``twistd`` loads the module that is named below when ``gearmand`` is run.
"""

from twisted.application.service import ServiceMaker

gearmand = ServiceMaker(
    "Gearman job server",
    "gearman_tx.tap",
    "A Gearman job server that serves the clients and workers of the C gearmand.",
    "gearmand",
)
