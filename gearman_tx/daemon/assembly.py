"""Make the parts of a job server from its options; ``server/wiring.py`` puts the core together."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

from gearman_tx import __version__
from gearman_tx.admin import AdminCommands
from gearman_tx.core import FunctionSettings, Policy
from gearman_tx.core.policy import LONGEST_PREFIX
from gearman_tx.daemon import open_files
from gearman_tx.daemon.endpoints import parse_endpoints
from gearman_tx.daemon.listening import Listening
from gearman_tx.daemon.log import Verbosity
from gearman_tx.daemon.options import queue_options
from gearman_tx.daemon.options.table import LEAST_BACKLOG, LEAST_FILES
from gearman_tx.daemon.queue_file import make_queue_file
from gearman_tx.daemon.queue_file import notes as queue_notes
from gearman_tx.daemon.service import Parts
from gearman_tx.daemon.tcp_sockets import open_sockets
from gearman_tx.link import OutputLimits, keep_steady
from gearman_tx.server import ConnectionLimits, Keepalive, ServerLog, Wiring

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gearman_tx.daemon.options.server_options import ServerOptions
    from gearman_tx.daemon.twisted_log import ReopenableLog


def build(
    options: ServerOptions,
    reactor: Any,
    log_file: ReopenableLog | None = None,
    *,
    patience: float = 0.0,
) -> Parts:
    """Return the parts of a job server. Its TCP ports are bound; it serves nothing yet.

    Args:
        options: the parsed options.
        reactor: the reactor that will run the server.
        log_file: the log file that SIGHUP reopens.
        patience: seconds to wait for a port or a queue file that another server uses.

    Raises:
        ConfigurationError: an option cannot be used on this machine.
    """
    keep_steady(reactor)
    policy = policy_of(options)
    verbosity = Verbosity(options["verbose"])
    log = verbosity.logger("gearman_tx.daemon")
    files = open_files.set_limit(options["file-descriptors"], LEAST_FILES)
    limits = limits_of(options, files)
    listening, left_out = _listening(options, reactor, patience)

    def make_commands(wiring: Wiring) -> AdminCommands:
        return AdminCommands(
            wiring.job_server,
            version=__version__,
            verbosity=verbosity.name,
            shutdown=wiring.shut_down if options["allow-shutdown"] else None,
            store=wiring.figures,
        )

    queue_file = make_queue_file(options, reactor, policy.handle_prefix, patience)
    wiring = Wiring(
        policy,
        reactor,
        time.time,
        ServerLog(reactor.seconds, verbosity.traces, log=verbosity.logger("gearman_tx.server")),
        make_commands,
        store=None if queue_file is None else queue_file.store,
        first_id=first_job_id(time.time()),
        limits=limits,
    )
    wiring.end_with(listening, options["shutdown-timeout"], reactor.stop, log)
    notes = [
        f"up to {limits.connections} connections, {files} open files",
        *left_out,
        *queue_notes(queue_file),
        *queue_options.notes(options),
        *_notes(options, files),
    ]
    return Parts(reactor, wiring, listening, log, log_file, notes, queue_file)


def first_job_id(now: float) -> int:
    """Return the number of the first job's handle: the microseconds since 1970.

    The C server starts at 1 again, so after a restart an old handle names another job. A queue in
    memory leaves no record of the last number. But jobs come slower than one per microsecond, so no
    handle repeats unless the clock is set back.
    """
    return int(now * 1_000_000)


def host_prefix() -> bytes:
    """Return the default prefix of handles: the host's name, cut to the length that fits."""
    return f"H:{os.uname().nodename}".encode()[:LONGEST_PREFIX]


def policy_of(options: ServerOptions) -> Policy:
    """Return the policy that the options set.

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
    """Return the limits of connections in a process that may have ``files`` open files."""
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
    """Return what to listen on, and log lines about addresses that are left out.

    Without endpoints the server listens on the port. With endpoints it listens on the port only if
    the port or its address was given.
    """
    endpoints = parse_endpoints(reactor, options["endpoint"])
    if endpoints and options.given.isdisjoint({"port", "listen"}):
        return Listening(reactor, [], endpoints), []
    backlog = max(options["backlog"], LEAST_BACKLOG)
    host, port = options["listen"], options["port"]
    sockets, left_out = open_sockets(host, port, backlog, patience)
    return Listening(reactor, sockets, endpoints), left_out


def _notes(options: ServerOptions, files: int) -> Iterator[str]:
    """Yield the log lines of the start about options that are changed or have no effect."""
    wanted = options["file-descriptors"]
    if wanted and wanted < files:
        yield f"--file-descriptors: {wanted} is raised to {files}"
    if options["backlog"] < LEAST_BACKLOG:
        yield f"--backlog: {options['backlog']} is raised to {LEAST_BACKLOG}"
    for row in options.rows.values():
        if row.meaningless and row.name in options.given:
            yield f"--{row.name} has no effect: {row.meaningless}"
