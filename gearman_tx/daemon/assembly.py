"""Where the rooms meet: from options to the service."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from gearman_tx import __version__
from gearman_tx.admin import AdminCommands
from gearman_tx.core import FunctionSettings, JobServer, Policy
from gearman_tx.core.policy import LONGEST_PREFIX
from gearman_tx.daemon import open_files
from gearman_tx.daemon.collector import Collector
from gearman_tx.daemon.endpoints import parse_endpoints
from gearman_tx.daemon.listening import Listening
from gearman_tx.daemon.log import Verbosity
from gearman_tx.daemon.options import queue_options
from gearman_tx.daemon.options.table import LEAST_BACKLOG
from gearman_tx.daemon.queue import BUILTIN, make_queue
from gearman_tx.daemon.queue import notes as queue_notes
from gearman_tx.daemon.service import Parts
from gearman_tx.daemon.tcp_sockets import open_sockets
from gearman_tx.link import OutputLimits
from gearman_tx.server import ConnectionLimits, GearmanFactory, Keepalive, ServerLog
from gearman_tx.server.shutdown import Shutdown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gearman_tx.daemon.log import LogFile
    from gearman_tx.daemon.options.twistd import ServerOptions


def build(
    options: ServerOptions,
    reactor: Any,
    log_file: LogFile | None = None,
    *,
    patience: float = 0.0,
) -> Parts:
    """Return the parts of a job server. Its TCP ports are bound; nothing is served yet.

    Args:
        options: parsed.
        reactor: what it is to run in.
        log_file: its own log file, to be reopened on SIGHUP.
        patience: seconds to wait for a port, or a queue file, that another server has.

    Raises:
        ConfigurationError: an option cannot be used on this machine.
    """
    policy = policy_of(options)
    verbosity = Verbosity(options["verbose"])
    log = verbosity.logger("gearman_tx.daemon")
    files = open_files.set_limit(options["file-descriptors"])
    limits = limits_of(options, files)
    listening, left_out = _listening(options, reactor, patience)

    now = reactor.seconds()
    server_log = ServerLog(reactor.seconds, log=verbosity.logger("gearman_tx.server"))
    durable = options["queue-type"] != BUILTIN
    jobs = JobServer(policy, server_log, now=now, first_id=first_job_id(now), durable=durable)

    def command(graceful: bool) -> None:  # noqa: FBT001  # what AdminCommands calls
        shutdown.command(graceful)

    commands = AdminCommands(
        jobs,
        version=__version__,
        verbosity=verbosity.name,
        shutdown=command if options["allow-shutdown"] else None,
        store=(lambda: queue.queue.figures() if queue is not None else []) if durable else None,
    )
    factory = GearmanFactory(jobs, reactor, server_log, commands, limits)
    queue = make_queue(options, jobs, factory, server_log, patience)
    shutdown = Shutdown(jobs, factory, listening, options["shutdown-timeout"], reactor.stop, log)
    collector = Collector(jobs.tables.jobs)
    factory.turn.hooks.append(collector.adjust)
    notes = [
        f"up to {limits.connections} connections, {files} open files",
        *left_out,
        *queue_notes(queue),
        *queue_options.notes(options),
        *_notes(options),
    ]
    return Parts(reactor, factory, listening, shutdown, collector, log, log_file, notes, queue)


def first_job_id(now: float) -> int:
    """Return the number of the first job's handle: the microseconds since 1970.

    The C server starts at 1 again, so that after a restart an old handle names somebody else's
    job. Nothing is kept in memory mode that could say where to go on; but jobs come slower than one
    a microsecond, so no handle repeats as long as the clock is not put back.
    """
    return int(now * 1_000_000)


def host_prefix() -> bytes:
    """Return what handles begin with unless the operator says otherwise: the host's name.

    A machine may have a longer name than fits into a handle; its beginning does as well.
    """
    return f"H:{os.uname().nodename}".encode()[:LONGEST_PREFIX]


def policy_of(options: ServerOptions) -> Policy:
    """Return what the options say about queues.

    Raises:
        ConfigurationError: the handle prefix cannot be used.
    """
    prefix = os.fsencode(options["job-handle-prefix"])
    return Policy(
        handle_prefix=prefix or host_prefix(),
        job_retries=options["job-retries"],
        worker_wakeup=options["worker-wakeup"],
        max_function_name=options["max-function-name"],
        max_unique=options["max-unique"],
        max_functions=options["max-functions"],
        settings=FunctionSettings(max_queue=options["maxqueue"]),
        function_by_function=options["order"] == "function",
        fail_timed_out=options["timed-out"] == "fail",
        requeue_first=options["requeue"] == "front",
        exceptions=bool(options["exceptions"]),
    )


def limits_of(options: ServerOptions, files: int) -> ConnectionLimits:
    """Return what the options say about connections, of a process with ``files`` open files."""
    return ConnectionLimits(
        connections=open_files.connection_limit(files, options["max-connections"]),
        packet=options["max-packet"],
        text_line=options["max-text-line"],
        output=OutputLimits(
            pause=options["pause-output"],
            most=options["max-output"],
            timeout=options["output-timeout"],
        ),
        keepalive=Keepalive(
            idle=options["keepalive-idle"],
            interval=options["keepalive-interval"],
            count=options["keepalive-count"],
        ),
    )


def _listening(
    options: ServerOptions, reactor: Any, patience: float
) -> tuple[Listening, list[str]]:
    """Return what to listen on, and what the log should tell about it.

    That is the port, unless there are endpoints and nobody asked for the port.
    """
    endpoints = parse_endpoints(reactor, options["endpoint"])
    if endpoints and options.given.isdisjoint({"port", "listen"}):
        return Listening(reactor, [], endpoints), []
    backlog = max(options["backlog"], LEAST_BACKLOG)
    host, port = options["listen"], options["port"]
    sockets, left_out = open_sockets(host, port, backlog, patience)
    return Listening(reactor, sockets, endpoints), left_out


def _notes(options: ServerOptions) -> Iterator[str]:
    """Yield what the log should tell at the start about the options."""
    if options["backlog"] < LEAST_BACKLOG:
        yield f"--backlog: {options['backlog']} is raised to {LEAST_BACKLOG}"
    for row in options.rows.values():
        if row.meaningless and row.name in options.given:
            yield f"--{row.name} has no effect: {row.meaningless}"
