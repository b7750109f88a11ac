"""``gearman-tx work``: run jobs with a command or with Python functions."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from typing import Any, Final

import click
from attrs import frozen
from click.core import ParameterSource
from twisted.internet.task import LoopingCall

from gearman_tx.cli.errors import PROGRAM, CommandError, ExitStatus
from gearman_tx.cli.external_command import ExternalCommand
from gearman_tx.cli.names import FUNCTION
from gearman_tx.cli.parameters import SIZE, SPAN, Count
from gearman_tx.cli.servers import servers_option
from gearman_tx.cli.supervisor import Supervisor, is_supervised, watch_supervisor
from gearman_tx.cli.targets import Functions, load
from gearman_tx.cli.terminal import note
from gearman_tx.link import Server
from gearman_tx.worker import LifeLimits, Worker
from gearman_tx.worker.limits import Life
from gearman_tx.worker.log import begin_logging

_RELOAD_SECONDS: Final = 0.5  # between two checks of the files
_PROGRAM: Final = "import sys; from gearman_tx.cli import main; sys.exit(main())"
_WORKER_OPTIONS: Final = (  # a Worker has these of its own
    "servers",
    "concurrency",
    "client_id",
    "max_jobs",
    "max_time",
    "max_memory",
)


@frozen
class WorkOptions:
    """The options of the command that apply to each worker process.

    Attributes:
        servers: the job servers.
        concurrency: how many jobs run at a time.
        client_id: the name of the worker in the job servers' reports; None for ``host:pid``.
        max_jobs: the number of jobs after which the process ends, or None.
        max_time: the seconds after which it ends, or None.
        max_memory: the bytes of memory at which it ends, or None.
        reload: whether it ends when the code has changed.
        timeout: how many seconds a command may take, or None.
        verbose: whether informational lines are logged too.
    """

    servers: list[Server]
    concurrency: int
    client_id: str | None
    max_jobs: int | None
    max_time: float | None
    max_memory: int | None
    reload: bool
    timeout: float | None
    verbose: bool


@click.command()
@click.argument("words", metavar="MODULE:OBJECT... | -f FUNCTION -- COMMAND...", nargs=-1)
@click.option(
    "-f",
    "--function",
    "functions",
    multiple=True,
    type=FUNCTION,
    metavar="FUNCTION",
    help="Run COMMAND for the jobs of this function. Repeat the option for several.",
)
@servers_option
@click.option(
    "-c",
    "--concurrency",
    type=Count(1),
    default=1,
    show_default=True,
    metavar="N",
    help="How many jobs to run at a time, in each process.",
)
@click.option(
    "--processes",
    type=Count(1),
    default=1,
    show_default=True,
    metavar="N",
    help="How many worker processes to run; one that ends is replaced.",
)
@click.option(
    "--client-id", metavar="ID", help="The name of this worker in reports; HOST:PID by default."
)
@click.option(
    "--timeout",
    type=SPAN,
    metavar="TIME",
    help="Kill a COMMAND after this time, such as 90 (seconds) or 10m.",
)
@click.option("--max-jobs", type=Count(1), metavar="N", help="End after so many jobs.")
@click.option("--max-time", type=SPAN, metavar="TIME", help="End after this time, such as 2h.")
@click.option(
    "--max-memory",
    type=SIZE,
    metavar="SIZE",
    help="End when the process holds more memory, such as 512M.",
)
@click.option(
    "--reload", is_flag=True, help="For development: start again when a module changes on disk."
)
@click.option("-v", "--verbose", is_flag=True, help="Also log each connection.")
def work(
    words: tuple[str, ...], functions: tuple[str, ...], processes: int, **given: Any
) -> int | None:
    """Run jobs with a command or with Python functions.

    With -f, COMMAND is run for each job. The workload is its standard input, its standard output is
    the result, the lines of its standard error are warnings, and any exit status but 0 fails the
    job. The variables GEARMAN_FUNCTION, GEARMAN_HANDLE and GEARMAN_UNIQUE describe the job. No
    shell is involved; use sh -c '...' to get one.

    Without -f, MODULE:OBJECT is a Python function, which is called with the job and returns the
    result; NAME=MODULE:FUNCTION gives it another name for clients. Or it is a dict of names and
    functions, or a gearman_tx.Worker, whose servers and settings come from its own code.

    The first SIGTERM or Ctrl-C lets the running jobs end. The second one gives them back to the job
    servers, for other workers.

    \b
    Examples:
      gearman-tx work -f reverse -- rev
      gearman-tx work -f resize -c 4 -- convert - -resize 200x200 jpg:-
      gearman-tx work tasks:resize tasks:index --processes 4 --max-jobs 1000
      gearman-tx work tasks:worker --reload
    """
    options = WorkOptions(**given)
    _check(words, functions, options)
    if (processes > 1 or options.reload) and not is_supervised():
        words = click.get_current_context().find_root().obj
        command_line = [sys.executable, "-c", _PROGRAM, *words]
        return Supervisor(command_line, processes, reloads=options.reload).run()
    command = ExternalCommand(words, options.timeout) if functions else None
    if command is not None:
        worker = _make_worker(options, dict.fromkeys(functions, command))
    else:
        worker = _load_worker(words, options)
    begin_logging(verbose=options.verbose)
    watch_supervisor()
    if options.reload:
        _watch_code(worker)
    names = ", ".join(sorted(name.decode("utf-8", "replace") for name in worker.functions))
    note(f"{PROGRAM}: worker {os.getpid()} started, offers {names}")
    reason = worker.run(log=False)
    if command is not None:
        command.kill_all()
    note(f"{PROGRAM}: worker {os.getpid()} stopped: {reason}")
    return 0


def _check(words: Sequence[str], functions: Sequence[str], options: WorkOptions) -> None:
    """Refuse options that exclude each other, and a command that does not exist."""
    if not words:
        raise click.UsageError("name what to run: MODULE:OBJECT, or -f FUNCTION -- COMMAND")
    if not functions:
        if options.timeout is not None:
            raise click.UsageError("--timeout is for a COMMAND")
    elif shutil.which(words[0]) is None:
        text = f"there is no command {words[0]}; without a shell only programs are commands"
        raise CommandError(text, ExitStatus.USAGE)


def _make_worker(options: WorkOptions, functions: Functions) -> Worker:
    limits = LifeLimits(jobs=options.max_jobs, seconds=options.max_time, memory=options.max_memory)
    worker = Worker(
        options.servers,
        concurrency=options.concurrency,
        client_id=options.client_id,
        limits=limits,
    )
    for name, call in functions.items():
        worker.register(name, call)
    return worker


def _load_worker(targets: Sequence[str], options: WorkOptions) -> Worker:
    """Return the worker that a target names, or a new one with the named functions."""
    found = load(targets)
    if not isinstance(found, Worker):
        return _make_worker(options, found)
    context = click.get_current_context()
    for name in _WORKER_OPTIONS:
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            option = "--" + name.removesuffix("s" if name == "servers" else "").replace("_", "-")
            text = f"{targets[0]} is a Worker: set this in its code, and not by {option}"
            raise click.UsageError(text)
    return found


def _watch_code(worker: Worker) -> None:
    """Stop the worker when a module that it imported changes on disk."""
    life = Life(LifeLimits(code=True), 0.0)

    def check() -> None:
        reason = life.reason_to_end(0.0)
        if reason is not None and not worker.is_stopping:
            worker.stop(reason)

    checking = LoopingCall(check)
    checking.clock = worker.reactor
    checking.start(_RELOAD_SECONDS, now=False)
