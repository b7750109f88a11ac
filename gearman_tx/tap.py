"""The front door: builds the job server from its options. ``twistd gearmand`` starts here."""

from __future__ import annotations

import os
from typing import Any

from twisted.application.internet import StreamServerEndpointService
from twisted.application.service import IService
from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.python import usage

from gearman_tx import __version__
from gearman_tx.admin import AdminCommands
from gearman_tx.core import JobServer, Policy
from gearman_tx.server import ConnectionLimits, GearmanFactory, Journal


class Options(usage.Options):
    """The options of ``twistd gearmand``."""

    optParameters = [
        ["port", "p", 4730, "Port to listen on.", int],
        ["listen", "L", "", "Address to listen on."],
        ["job-retries", "j", -1, "Losses that end a job.", int],
        ["worker-wakeup", "w", 1, "Workers woken per job.", int],
    ]
    optFlags = [["exceptions", None, "Enable exceptions."]]


def makeService(options: Options, reactor: Any = None) -> IService:
    """Return the service that runs a job server."""
    if reactor is None:
        from twisted.internet import reactor
    journal = Journal(reactor.seconds)
    policy = Policy(
        handle_prefix=f"H:{os.uname().nodename}".encode(),
        job_retries=options["job-retries"],
        worker_wakeup=options["worker-wakeup"],
        exceptions=bool(options["exceptions"]),
    )
    now = reactor.seconds()
    jobs = JobServer(policy, journal, now=now, first_id=int(now * 1_000_000))
    commands = AdminCommands(jobs, version=__version__)
    factory = GearmanFactory(jobs, reactor, journal, commands.reply, ConnectionLimits())
    endpoint = TCP4ServerEndpoint(reactor, options["port"], 1024, options["listen"])
    return StreamServerEndpointService(endpoint, factory)
