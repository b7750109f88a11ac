"""The front door for ``twistd gearmand``: ``twistd`` reads the options here and makes the service.

``twistd`` does the rest: it becomes a daemon, writes the PID file, sheds privileges, and logs
unless the server has a log file of its own. What cannot be started is one line on standard error
and exit status 1.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from twisted.logger import ILogObserver
from twisted.python.components import Componentized
from typing_extensions import override

from gearman_tx.daemon import GearmanService, Options, build
from gearman_tx.daemon.log import Verbosity, open_log
from gearman_tx.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twisted.application.service import IService, IServiceCollection
    from twisted.internet.defer import Deferred

    from gearman_tx.daemon.log import LogFile
    from gearman_tx.daemon.service import Parts

__all__ = ["Options", "makeService"]

FAILURE: Final = 1
"""The exit status of whatever keeps the server from serving."""


class _TwistdService(GearmanService):
    """The job server where ``twistd`` runs it."""

    def __init__(self, parts: Parts, options: Options, observer: ILogObserver | None) -> None:
        super().__init__(parts, owns_process=options.parent is not None)
        self._twistd = options.parent  # None when another program makes the service
        self._observer = observer

    @override
    def setServiceParent(self, parent: IServiceCollection) -> None:
        """Twisted: join the application; give it our log before ``twistd`` opens one."""
        super().setServiceParent(parent)  # type: ignore[no-untyped-call]  # Twisted's
        if self._observer is not None and isinstance(parent, Componentized):
            parent.setComponent(ILogObserver, self._observer)  # type: ignore[no-untyped-call]

    @override
    def privilegedStartService(self) -> None:
        """Twisted: listen; ``twistd`` would show a traceback of what cannot be listened on."""
        with self._one_line():
            super().privilegedStartService()

    @override
    def startService(self) -> None:
        """Twisted: serve; likewise with a queue file that cannot be used."""
        with self._one_line():
            super().startService()

    @override
    def stopService(self) -> Deferred[None]:
        """Twisted: end; with a status that tells of a failure, which ``twistd`` would not."""
        if self.has_failed and self._twistd is not None:
            atexit.register(_leave, FAILURE)
        return super().stopService()

    @contextlib.contextmanager
    def _one_line(self) -> Iterator[None]:
        """End the program with one line where ``twistd`` would show a traceback."""
        try:
            yield
        except ConfigurationError as error:
            if self._twistd is None or not self._twistd["nodaemon"]:
                raise  # twistd tells its parent process, which has the terminal
            with contextlib.suppress(OSError):
                Path(self._twistd["pidfile"] or "").unlink()
            print(f"{Options.program}: {error}", file=sys.__stderr__)
            raise SystemExit(FAILURE) from error


def _leave(status: int) -> None:
    """End the process, whose work is done, with ``status``."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def makeService(options: Options, reactor: Any = None) -> IService:
    """Return the service that runs a job server.

    Its TCP ports are bound when this returns; connections are accepted when the service starts. It
    is made for a process of its own: it takes SIGTERM, SIGINT, SIGUSR1 and SIGHUP while it runs,
    and its end, by a signal or a text command, is ``reactor.stop()``.

    Args:
        options: parsed by :meth:`~gearman_tx.daemon.Options.parseOptions`.
        reactor: what it is to run in; the one that Twisted has installed if None.

    Raises:
        ConfigurationError: an option cannot be used on this machine, or the port or the queue file
            is taken.
        SystemExit: likewise, when ``twistd`` is calling.
    """
    if reactor is None:
        from twisted.internet import reactor
    try:
        observer, log_file = _own_log(options)
        parts = build(options, reactor, log_file)
        if parts.queue_file is not None and _stays(options):
            parts.queue_file.check()  # a daemon would have left the terminal when the service does
        return _TwistdService(parts, options, observer)
    except ConfigurationError as error:
        if options.parent is None:
            raise
        raise SystemExit(f"{Options.program}: {error}") from error


def _stays(options: Options) -> bool:
    """Return whether ``twistd`` serves as the user who started it, with the same root folder."""
    twistd = options.parent
    return twistd is not None and twistd["uid"] is None and twistd["chroot"] is None


def _own_log(options: Options) -> tuple[ILogObserver | None, LogFile | None]:
    """Open the log that ``--log-file`` names, if any; ``twistd`` must not be told of another."""
    name = options["log-file"]
    if not name:
        return None, None
    for theirs in ("logfile", "syslog", "logger"):
        if options.parent is not None and options.parent[theirs]:
            text = f"--log-file: twistd has --{theirs} already, and one of them would stay empty"
            raise ConfigurationError(text)
    observer, log_file = open_log(name)
    return Verbosity(options["verbose"]).filtered(observer), log_file
