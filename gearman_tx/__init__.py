"""gearman_tx: Gearman in Python on Twisted: a job server, a client and a worker.

``twistd gearmand`` starts the server; :mod:`gearman_tx.tap` builds it inside another
Twisted program. :class:`Client` submits tasks and
:class:`Worker` does them. The rooms, from the bottom: ``wire`` and ``core``
(pure Python), ``store`` and ``link``, ``server``, ``client`` and ``worker``, ``admin``, and the
front door ``tap`` and ``cli``.

Names whose rooms need Twisted are imported when they are first used, so that
``import gearman_tx.core`` and ``import gearman_tx.wire`` work without Twisted.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from gearman_tx._version import __version__
from gearman_tx.encoders import BYTES, JSON, TEXT, MsgpackEncoder
from gearman_tx.errors import (
    ConfigurationError,
    ConnectionLost,
    GearmanError,
    JobException,
    JobFailed,
    LocalProtocolError,
    NoServer,
    ReactorUnavailable,
    Refused,
    RemoteProtocolError,
    TimedOut,
    TooLarge,
)

if TYPE_CHECKING:
    from gearman_tx.client import Client, Data, JobStatus, Status, Task
    from gearman_tx.client import Warning as Warning  # noqa: A004  # the protocol's word
    from gearman_tx.link import Server
    from gearman_tx.worker import LifeLimits, Worker, WorkerJob

__all__ = [
    "BYTES",
    "JSON",
    "TEXT",
    "Client",
    "ConfigurationError",
    "ConnectionLost",
    "Data",
    "GearmanError",
    "JobException",
    "JobFailed",
    "JobStatus",
    "LifeLimits",
    "LocalProtocolError",
    "MsgpackEncoder",
    "NoServer",
    "ReactorUnavailable",
    "Refused",
    "RemoteProtocolError",
    "Server",
    "Status",
    "Task",
    "TimedOut",
    "TooLarge",
    "Warning",
    "Worker",
    "WorkerJob",
    "__version__",
]

_LATE: Final = {
    "gearman_tx.client": ("Client", "Data", "JobStatus", "Status", "Task", "Warning"),
    "gearman_tx.link": ("Server",),
    "gearman_tx.worker": ("LifeLimits", "Worker", "WorkerJob"),
}
"""The names that are imported when they are first used, by the room that they come from."""

if not TYPE_CHECKING:  # a type checker would take any name for one of this module

    def __getattr__(name: str) -> Any:
        """Import a name of a room that needs Twisted, or such a room itself (PEP 562)."""
        for room, names in _LATE.items():
            if name in names:
                found = globals()[name] = getattr(import_module(room), name)
                return found
            if room == f"{__name__}.{name}":
                return import_module(room)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__() -> list[str]:
        """Return the names that are here and those that are imported later."""
        return sorted({*globals(), *__all__})
