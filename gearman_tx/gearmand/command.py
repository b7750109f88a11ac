"""``gearman-tx gearmand``: the job server with the C server's command line, files and signals.

The order matters. The process first listens on ports and endpoints as the user who started it. Then
it becomes the user of ``--user``, who opens the log and writes the PID file, and so can reopen and
remove them. A daemon leaves the terminal when the PID file exists and signals are handled.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

from twisted.logger import (
    ILogObserver,
    LegacyLogObserverWrapper,
    globalLogBeginner,
)
from twisted.python import usage

from gearman_tx.daemon import GearmanService, build
from gearman_tx.daemon.assembly import policy_of
from gearman_tx.daemon.log import LogFile, Verbosity, open_log, write_to
from gearman_tx.daemon.working_folder import absolute
from gearman_tx.errors import ConfigurationError
from gearman_tx.gearmand.detach import Terminal, detach
from gearman_tx.gearmand.options import GearmandOptions
from gearman_tx.gearmand.pid_file import PidFile
from gearman_tx.gearmand.user import become, find_user

if TYPE_CHECKING:
    from collections.abc import Sequence

FAILURE: Final = 1
"""The exit status when the server cannot start or serve, as in the C server."""

PATIENCE: Final = 3.0
"""Seconds to wait for a port or a queue file in use: the restart of an init script starts the new
server before the old one has ended."""


def run(words: Sequence[str]) -> int:
    """Run a job server until a signal or a text command stops it.

    Args:
        words: the command line without the program's name.

    Returns:
        The exit status: 0 after an ordered stop.
    """
    options = GearmandOptions()
    try:
        options.parseOptions(words)
        policy_of(options)
        if options["check-args"]:
            return 0
        return _serve(options)
    except (usage.UsageError, ConfigurationError) as error:
        _print_error(str(error))
        return FAILURE


def _print_error(text: str) -> None:
    sys.stderr.write(f"{GearmandOptions.program}: {text}\n")
    sys.stderr.flush()


def _serve(options: GearmandOptions) -> int:
    """Start the server, run it, and clean up after it."""
    user = find_user(options["user"]) if options["user"] else None
    terminal = detach() if options["daemon"] else None
    from twisted.internet import reactor  # a reactor does not survive a fork

    parts = build(options, reactor, patience=PATIENCE)
    service = GearmanService(parts, owns_process=True)
    pid_file = PidFile(absolute(options["pid-file"]))
    try:
        service.privilegedStartService()
        if user is not None:
            become(user)
        parts.log_file = _begin_log(options)
        service.startService()
        _write(pid_file, is_required="pid-file" in options.given)
        return _run(reactor, service, terminal, keep_error=options["log-file"] == "stderr")
    finally:
        parts.listening.stop()
        pid_file.remove()


def _write(pid_file: PidFile, *, is_required: bool) -> None:
    """Write the PID file; an error counts only if the file was asked for."""
    try:
        pid_file.write()
    except ConfigurationError:
        if is_required:
            raise


def _begin_log(options: GearmandOptions) -> LogFile | None:
    """Start the log that the options name; return its file if it has one."""
    log_file: LogFile | None = None
    observer: ILogObserver
    try:
        observer, log_file = open_log(options["log-file"], options["log-format"])
        if log_file is not None and not options["daemon"] and sys.stderr.isatty():
            _print_error(f"logging to {log_file.path} (-l stderr shows the log here)")
    except ConfigurationError as error:
        if "log-file" in options.given:
            raise
        _print_error(f"{error}; logging to standard error")
        observer = write_to(sys.stderr, options["log-format"])
    observers = [observer]
    if options["syslog"]:
        from twisted.python.syslog import SyslogObserver  # noqa: PLC0415  # only Unix has it

        emit: Any = SyslogObserver("gearmand").emit  # an observer of Twisted's older kind
        observers.append(LegacyLogObserverWrapper(emit))
    verbosity = Verbosity(options["verbose"])
    globalLogBeginner.beginLoggingTo(
        [verbosity.filtered(one) for one in observers], redirectStandardIO=False
    )
    return log_file


def _run(
    reactor: Any, service: GearmanService, terminal: Terminal | None, *, keep_error: bool
) -> int:
    """Run the reactor until the server has stopped; return the exit status."""
    status = 0

    def ready(_: None) -> None:
        if terminal is not None:
            terminal.leave(keep_error=keep_error)

    def failed(failure: Any) -> None:
        nonlocal status
        status = FAILURE
        _print_error(failure.getErrorMessage())

    service.ready.addCallbacks(ready, failed)
    reactor.addSystemEventTrigger("before", "shutdown", service.stopService)
    reactor.run(installSignalHandlers=False)  # the service takes the signals itself
    return FAILURE if service.has_failed else status
