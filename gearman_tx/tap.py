"""``twistd gearmand``: the options and the service that ``twistd`` loads, or ``twist``.

``twistd`` does the rest: it becomes a daemon, writes the PID file, drops privileges, and logs
unless the server has its own log file. If the server cannot start, one line on standard error gives
the reason and the exit status is 1.
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
from gearman_tx.daemon.log import Verbosity, open_log, write_to
from gearman_tx.daemon.log_format import TEXT
from gearman_tx.daemon.twisted_log import TWISTD_LOG, TwistdLog, TwistLog
from gearman_tx.daemon.working_folder import absolute
from gearman_tx.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twisted.application.service import IService, IServiceCollection
    from twisted.internet.defer import Deferred

    from gearman_tx.daemon.service import Parts
    from gearman_tx.daemon.twisted_log import ReopenableLog

__all__ = ["Options", "makeService"]

FAILURE: Final = 1
"""The exit status when the server cannot start or serve."""


class _TwistdService(GearmanService):
    """The job server in ``twistd``, or in another program."""

    def __init__(self, parts: Parts, options: Options, observer: ILogObserver | None) -> None:
        super().__init__(parts, owns_process=options.parent is not None)
        self._options = options
        self._observer = observer

    @override
    def setServiceParent(self, parent: IServiceCollection) -> None:
        """Twisted: join the application; set its log before ``twistd`` opens one."""
        super().setServiceParent(parent)  # type: ignore[no-untyped-call]  # Twisted's
        if self._observer is not None and isinstance(parent, Componentized):
            parent.setComponent(ILogObserver, self._observer)  # type: ignore[no-untyped-call]

    @override
    def privilegedStartService(self) -> None:
        """Twisted: listen; print an error in one line."""
        with self._error_in_one_line():
            super().privilegedStartService()

    @override
    def startService(self) -> None:
        """Twisted: serve; print an error in one line."""
        with self._error_in_one_line():
            super().startService()

    @override
    def stopService(self) -> Deferred[None]:
        """Twisted: end; after a failure with exit status 1, where ``twistd`` would exit with 0."""
        if self.has_failed and self._options.parent is not None:
            atexit.register(_leave, FAILURE)
        return super().stopService()

    @contextlib.contextmanager
    def _error_in_one_line(self) -> Iterator[None]:
        """End the program with one line where ``twistd`` would print a traceback."""
        try:
            yield
        except ConfigurationError as error:
            options = self._options
            if options.parent is None or options.is_daemon:
                raise  # twistd passes it to its parent process, which has the terminal
            with contextlib.suppress(OSError):
                Path(options.of_twisted("pidfile") or "").unlink()
            print(f"{options.program}: {error}", file=sys.__stderr__)
            raise SystemExit(FAILURE) from error


def _leave(status: int) -> None:
    """End the process with ``status``; ``twistd`` has cleaned up."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def makeService(options: Options, reactor: Any = None) -> IService:
    """Return the service that runs a job server.

    Its TCP ports are bound when this function returns; it accepts connections when the service
    starts. It handles SIGTERM, SIGINT, SIGUSR1 and SIGHUP while it runs, and stops the reactor at
    its end, by a signal or a text command.

    Args:
        options: parsed by :meth:`~gearman_tx.daemon.Options.parseOptions`.
        reactor: runs the server; None takes the reactor that Twisted has installed. Its timed calls
            follow the monotonic clock from then on.

    Raises:
        ConfigurationError: an option cannot be used on this machine, or the port or the queue file
            is in use.
        SystemExit: the same error when ``twistd`` is the caller.
    """
    if reactor is None:
        from twisted.internet import reactor
    try:
        observer, log_file = _own_log(options)
        parts = build(options, reactor, log_file)
        if parts.queue_file is not None and _keeps_user_and_root(options):
            parts.queue_file.check()  # when the service starts, a daemon has left the terminal
        if not options["log-file"]:
            observer, parts.log_file = _twisteds_log(options)
        if observer is not None:
            observer = Verbosity(options["verbose"]).filtered(observer)
        return _TwistdService(parts, options, observer)
    except ConfigurationError as error:
        if options.parent is None:
            raise
        raise SystemExit(f"{options.program}: {error}") from error


def _keeps_user_and_root(options: Options) -> bool:
    """Return whether the caller changes neither the user nor the root folder."""
    is_changed = options.of_twisted("uid") is not None or options.of_twisted("chroot") is not None
    return options.parent is not None and not is_changed


def _own_log(options: Options) -> tuple[ILogObserver | None, ReopenableLog | None]:
    """Open the log that ``--log-file`` names, if any.

    Raises:
        ConfigurationError: the log cannot be opened, or the caller has an option for another log.
    """
    name = options["log-file"]
    if not name:
        return None, None
    if options.is_twist:
        text = "--log-file: twist logs to its own --log-file, before the word gearmand"
        raise ConfigurationError(text)
    for theirs in ("logfile", "syslog", "logger"):
        if options.of_twisted(theirs):
            text = f"--log-file: twistd has --{theirs} already, and one of them would stay empty"
            raise ConfigurationError(text)
    return open_log(name, options["log-format"])


def _twisteds_log(options: Options) -> tuple[ILogObserver | None, ReopenableLog | None]:
    """Open the file to which ``twistd`` logs, or find that of ``twist``, if there is one.

    Returns:
        The log of the application, None if Twisted opens it; and the file that SIGHUP reopens, None
        if the log is in no file.

    Raises:
        ConfigurationError: the file cannot be written, or Twisted opens a log that has no format of
            ours.
    """
    log_format = options["log-format"]
    theirs = [name for name in ("syslog", "logger") if options.of_twisted(name)]
    if options.is_twistd and not theirs:
        name = options.of_twisted("logfile") or (TWISTD_LOG if options.is_daemon else "-")
        if name == "-":
            return write_to(sys.stdout, log_format), None
        log_file = TwistdLog(name)
        return log_file.observer(log_format), log_file
    if log_format != TEXT and options.parent is not None:
        owner = f"twistd --{theirs[0]}" if theirs else "twist, whose own --log-format comes first"
        raise ConfigurationError(f"--log-format: the log is that of {owner}")
    stream = options.of_twisted("logFile")
    if stream is None or stream in {sys.stdout, sys.stderr}:
        return None, None
    return None, TwistLog(absolute(stream.name), stream)
