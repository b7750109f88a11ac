"""``gearman-tx gearmand``: the job server with the C server's command line, files and signals.

The order matters. Ports are bound and endpoints listened on as the user who started it; then it
becomes the other user, who opens the log and writes the PID file, and so can reopen and remove
them. The PID file is there, and signals are heeded, before a daemon lets go of the terminal.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from twisted.logger import (
    ILogObserver,
    LegacyLogObserverWrapper,
    globalLogBeginner,
    textFileLogObserver,
)
from twisted.python import usage

from gearman_tx.daemon import GearmanService, build
from gearman_tx.daemon.assembly import policy_of
from gearman_tx.daemon.log import LogFile, Verbosity, open_log
from gearman_tx.errors import ConfigurationError
from gearman_tx.gearmand.detach import Terminal, detach
from gearman_tx.gearmand.options import GearmandOptions
from gearman_tx.gearmand.pid_file import PidFile
from gearman_tx.gearmand.user import become, find_user

if TYPE_CHECKING:
    from collections.abc import Sequence

FAILURE: Final = 1
"""The exit status of whatever keeps the server from starting, as in the C server."""

PATIENCE: Final = 3.0
"""Seconds for a port or a queue file that is taken: an init script's restart does not wait for the
old server."""


def run(words: Sequence[str]) -> int:
    """Run a job server until it is told to stop.

    Args:
        words: the command line, without the program's name.

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
        _say(str(error))
        return FAILURE


def _say(text: str) -> None:
    sys.stderr.write(f"{GearmandOptions.program}: {text}\n")
    sys.stderr.flush()


def _serve(options: GearmandOptions) -> int:
    """Start the server, let it run, and clean up behind it."""
    user = find_user(options["user"]) if options["user"] else None
    terminal = detach() if options["daemon"] else None
    from twisted.internet import reactor  # a reactor does not outlive a fork

    parts = build(options, reactor, patience=PATIENCE)
    service = GearmanService(parts, owns_process=True)
    pid_file = PidFile(Path(options["pid-file"]).absolute())
    try:
        service.privilegedStartService()
        if user is not None:
            become(user)
        parts.log_file = _begin_log(options)
        service.startService()
        _write(pid_file, is_wanted="pid-file" in options.given)
        return _run(reactor, service, terminal, keep_error=options["log-file"] == "stderr")
    finally:
        parts.listening.stop()
        pid_file.remove()


def _write(pid_file: PidFile, *, is_wanted: bool) -> None:
    """Write the PID file; nobody waits for one that was not asked for."""
    try:
        pid_file.write()
    except ConfigurationError:
        if is_wanted:
            raise


def _begin_log(options: GearmandOptions) -> LogFile | None:
    """Log to where the options say; return the log file if there is one."""
    log_file: LogFile | None = None
    observer: ILogObserver
    try:
        observer, log_file = open_log(options["log-file"])
    except ConfigurationError as error:
        if "log-file" in options.given:
            raise
        _say(f"{error}; logging to standard error")
        observer = textFileLogObserver(sys.stderr)
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
            terminal.let_go(keep_error=keep_error)

    def failed(failure: Any) -> None:
        nonlocal status
        status = FAILURE
        _say(failure.getErrorMessage())

    service.ready.addCallbacks(ready, failed)
    reactor.addSystemEventTrigger("before", "shutdown", service.stopService)
    reactor.run(installSignalHandlers=False)  # the service takes the signals itself
    return FAILURE if service.has_failed else status
