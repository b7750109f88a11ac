"""``gearman-tx work``: run a command, or Python functions, for the jobs of some functions."""

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
from twisted.logger import (
    FilteringLogObserver,
    LogLevel,
    LogLevelFilterPredicate,
    globalLogBeginner,
    textFileLogObserver,
)

from gearman_tx.cli import exit_status
from gearman_tx.cli.servers import servers_option
from gearman_tx.cli.shell_command import ShellCommand
from gearman_tx.cli.supervisor import Supervisor, is_supervised, watch_guard
from gearman_tx.cli.targets import Functions, load
from gearman_tx.cli.trouble import Trouble, say
from gearman_tx.link import Server
from gearman_tx.worker import LifeLimits, Worker
from gearman_tx.worker.limits import Life

_MEGABYTE: Final = 1_000_000
_LOOK_SECONDS: Final = 0.5  # how often files are looked at
_PROGRAM: Final = "import sys; from gearman_tx.cli import main; sys.exit(main())"
_OF_THE_MAKER: Final = (
    "servers",
    "concurrency",
    "client_id",
    "max_jobs",
    "max_seconds",
    "max_memory",
)


@frozen
class Options:
    """The options of the command that say how to work.

    Attributes:
        servers: for whom.
        concurrency: how many jobs at a time in each process.
        client_id: what the job servers' reports call the worker.
        max_jobs: after how many jobs to end, or None.
        max_seconds: after how long to end, or None.
        max_memory: at how many megabytes to end, or None.
        reload: whether to end when the code changed.
        timeout: how many seconds a command may take, or None.
        verbose: whether to log what is in order, too.
    """

    servers: list[Server]
    concurrency: int
    client_id: str
    max_jobs: int | None
    max_seconds: float | None
    max_memory: float | None
    reload: bool
    timeout: float | None
    verbose: bool


_POSITIVE = click.FloatRange(min=0, min_open=True)


@click.command()
@click.argument("words", metavar="MODULE:OBJECT... | -f FUNCTION -- COMMAND...", nargs=-1)
@click.option(
    "-f",
    "--function",
    "functions",
    multiple=True,
    metavar="FUNCTION",
    help="Run COMMAND for the jobs of this function; repeat it for several.",
)
@servers_option
@click.option(
    "-c",
    "--concurrency",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    metavar="N",
    help="How many jobs to run at a time, in each process.",
)
@click.option(
    "--processes",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    metavar="N",
    help="How many worker processes; one that ends is replaced by a fresh one.",
)
@click.option("--client-id", default="", metavar="ID", help="What the reports call this worker.")
@click.option("--timeout", type=_POSITIVE, metavar="SECONDS", help="Kill a COMMAND after so long.")
@click.option("--max-jobs", type=click.IntRange(min=1), metavar="N", help="End after so many jobs.")
@click.option("--max-seconds", type=_POSITIVE, metavar="SECONDS", help="End after so long.")
@click.option(
    "--max-memory", type=_POSITIVE, metavar="MB", help="End when the process holds more memory."
)
@click.option(
    "--reload", is_flag=True, help="Start afresh when a module changes on disk: for development."
)
@click.option("-v", "--verbose", is_flag=True, help="Tell of each connection, too.")
def work(
    words: tuple[str, ...], functions: tuple[str, ...], processes: int, **given: Any
) -> int | None:
    """Do jobs with a command or in Python.

    With -f, COMMAND is run for each job. It has the workload as standard input, what it prints is
    the result, the lines that it writes to stderr are warnings, and any exit status but 0 fails the
    job. The variables GEARMAN_FUNCTION, GEARMAN_HANDLE and GEARMAN_UNIQUE tell which job it is.
    There is no shell in between; sh -c '...' makes one.

    Without -f, MODULE:OBJECT is a Python function, which is given the job and returns the result,
    NAME=MODULE:FUNCTION one that clients call by another name, or a dict of names and functions;
    or it is a gearman_tx.Worker, which has its servers and all else from where it is made.

    The first SIGTERM or Ctrl-C lets the jobs that run end; the second one gives them back to the
    job servers, for other workers.

    \b
    Examples:
      gearman-tx work -f reverse -- rev
      gearman-tx work -f resize -c 4 -- convert - -resize 200x200 jpg:-
      gearman-tx work tasks:resize tasks:index --processes 4 --max-jobs 1000
      gearman-tx work tasks:worker --reload
    """
    options = Options(**given)
    _check(words, functions, options)
    if (processes > 1 or options.reload) and not is_supervised():
        words = click.get_current_context().find_root().obj
        command_line = [sys.executable, "-c", _PROGRAM, *words]
        return Supervisor(command_line, processes, is_patient=options.reload).run()
    command = ShellCommand(words, options.timeout) if functions else None
    if command is not None:
        worker = _make_worker(options, dict.fromkeys(functions, command))
    else:
        worker = _load_worker(words, options)
    _log(verbose=options.verbose)
    watch_guard()
    if options.reload:
        _watch_code(worker)
    names = ", ".join(sorted(name.decode("utf-8", "replace") for name in worker.functions))
    say(f"process {os.getpid()} works on {names}")
    reason = worker.run()
    if command is not None:
        command.kill_all()
    say(f"process {os.getpid()} has ended: {reason}")
    return 0


def _check(words: Sequence[str], functions: Sequence[str], options: Options) -> None:
    """Refuse what does not go together, and a command that is not there."""
    if not words:
        raise click.UsageError("say what to do: MODULE:OBJECT, or -f FUNCTION -- COMMAND")
    if not functions:
        if options.timeout is not None:
            raise click.UsageError("--timeout is for a COMMAND")
    elif shutil.which(words[0]) is None:
        text = f"there is no command {words[0]}; without a shell only programs are commands"
        raise Trouble(text, exit_status.USAGE)


def _make_worker(options: Options, functions: Functions) -> Worker:
    memory = options.max_memory
    limits = LifeLimits(
        jobs=options.max_jobs,
        seconds=options.max_seconds,
        memory=None if memory is None else int(memory * _MEGABYTE),
    )
    worker = Worker(
        options.servers,
        concurrency=options.concurrency,
        client_id=options.client_id,
        limits=limits,
    )
    for name, call in functions.items():
        worker.register(name, call)
    return worker


def _load_worker(targets: Sequence[str], options: Options) -> Worker:
    """Return the worker that a target names, or one with the functions that they name."""
    found = load(targets)
    if not isinstance(found, Worker):
        return _make_worker(options, found)
    context = click.get_current_context()
    for name in _OF_THE_MAKER:
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            option = "--" + name.removesuffix("s" if name == "servers" else "").replace("_", "-")
            raise click.UsageError(f"{targets[0]} is a Worker: give it its own, and not {option}")
    return found


def _watch_code(worker: Worker) -> None:
    """Let the worker end when a module that it imported changes on disk."""
    life = Life(LifeLimits(code=True), 0.0)

    def look() -> None:
        reason = life.reason_to_end(0.0)
        if reason is not None and not worker.is_stopping:
            worker.stop(reason)

    looking = LoopingCall(look)
    looking.clock = worker.reactor
    looking.start(_LOOK_SECONDS, now=False)


def _log(*, verbose: bool) -> None:
    """Log to stderr: what goes wrong, or all that the worker tells."""
    level = LogLevel.info if verbose else LogLevel.warn
    observer = FilteringLogObserver(
        textFileLogObserver(sys.stderr), [LogLevelFilterPredicate(level)]
    )
    globalLogBeginner.beginLoggingTo([observer], redirectStandardIO=False)
