"""gearman_tx: a Gearman job server in Python on Twisted.

``twistd gearmand`` starts the server; :mod:`gearman_tx.tap` builds it inside another
Twisted program. The rooms, from the bottom: ``wire`` and ``core`` (pure Python), ``store``
and ``link``, ``server``, ``admin``, and the front door ``tap`` and ``cli``.
"""

from gearman_tx._version import __version__
from gearman_tx.errors import (
    ConfigurationError,
    GearmanError,
    LocalProtocolError,
    Refused,
    RemoteProtocolError,
)

__all__ = [
    "ConfigurationError",
    "GearmanError",
    "LocalProtocolError",
    "Refused",
    "RemoteProtocolError",
    "__version__",
]
