"""The process of a job server: options, sockets, signals, log, start and stop.

:func:`build` makes the parts from :class:`ServerOptions`; :class:`GearmanService` starts and stops
them. ``tap`` runs them for ``twistd gearmand``, ``gearmand`` for ``gearman-tx gearmand``.
"""

from gearman_tx.daemon.assembly import build, host_prefix
from gearman_tx.daemon.options.server_options import ServerOptions
from gearman_tx.daemon.options.twistd import Options
from gearman_tx.daemon.service import GearmanService

__all__ = ["GearmanService", "Options", "ServerOptions", "build", "host_prefix"]
