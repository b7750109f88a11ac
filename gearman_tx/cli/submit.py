"""``gearman-tx submit``: submit jobs and print their results."""

from __future__ import annotations

import sys
from functools import partial
from typing import Any, BinaryIO

import click

from gearman_tx.cli.console import ConsoleOutput
from gearman_tx.cli.errors import CommandError, ExitStatus, print_error
from gearman_tx.cli.names import FUNCTION
from gearman_tx.cli.parameters import SPAN, WHEN, Count
from gearman_tx.cli.running import run
from gearman_tx.cli.servers import servers_option
from gearman_tx.cli.submission import JobStream, ResultPrinter, SubmitOptions
from gearman_tx.cli.workloads import read_lines
from gearman_tx.client import Client
from gearman_tx.link import Server


@click.command()
@click.argument("function", type=FUNCTION)
@click.argument("workload", required=False)
@servers_option
@click.option(
    "--file",
    "file",
    type=click.File("rb"),
    metavar="PATH",
    help="Read the workload from this file; - is standard input.",
)
@click.option("-n", "--lines", is_flag=True, help="Submit one job for each line of the input.")
@click.option(
    "-b", "--background", is_flag=True, help="Print the job's handle and wait for no result."
)
@click.option(
    "-p",
    "--priority",
    type=click.Choice(["high", "normal", "low"]),
    default="normal",
    show_default=True,
    help="The priority of the jobs.",
)
@click.option(
    "-u",
    "--unique",
    default="",
    metavar="KEY",
    help="Jobs with the same key are one job while it is queued or running; - takes the workload "
    "as the key.",
)
@click.option(
    "--at",
    type=WHEN,
    metavar="WHEN",
    help="Run the job in the background, at this time or later: 90 (seconds from now), 10m, 2h, "
    "1d, 2030-01-31T18:00 (local time), or @SECONDS since 1970.",
)
@click.option(
    "--retries",
    type=Count(),
    default=0,
    metavar="N",
    help="Try again N times when a job fails or its server is lost.",
)
@click.option(
    "--timeout",
    type=SPAN,
    metavar="TIME",
    help="Give up a job after this time, such as 90 (seconds) or 2h, all its tries included.",
)
def submit(
    function: str,
    workload: str | None,
    servers: list[Server],
    file: BinaryIO | None,
    lines: bool,  # noqa: FBT001  # click passes it by name
    **given: Any,
) -> int:
    """Submit jobs and print their results.

    The workload of the job is the argument WORKLOAD, the content of --file, or else standard input.
    With --lines each line is a job; many jobs run at a time, and the results come in the order of
    the lines, one on each line.

    Results and data go unchanged to standard output, warnings and errors to standard error. On a
    terminal a bar shows the progress of the job. The exit status is 1 if a job failed.

    \b
    Examples:
      gearman-tx submit reverse hello
      gearman-tx submit resize --file photo.jpg > small.jpg
      find . -name '*.jpg' | gearman-tx submit --lines --background index
      gearman-tx submit remind 'the meeting' --at 2h
    """
    if workload is not None and file is not None:
        raise click.UsageError("give the workload as an argument or with --file, not both")
    if workload is not None and lines:
        raise click.UsageError("--lines reads --file or standard input: leave WORKLOAD out")
    if given["at"] is not None:
        given["background"] = True
        if given["priority"] != "normal":
            raise click.UsageError("Gearman has no priority for a job with --at")
    options = SubmitOptions(function, **given)
    stream = file or sys.stdin.buffer
    if workload is None and stream.isatty():
        print_error("reads the terminal; Ctrl-D at the start of a line ends it")
    try:
        data = None
        if not lines:
            data = stream.read() if workload is None else _as_bytes(workload)
        return run(partial(_submit, servers, options, data, stream))
    except BrokenPipeError:
        raise  # the reader of the results is gone; click ends the program
    except OSError as error:
        raise CommandError(f"{stream.name}: {error.strerror}", ExitStatus.USAGE) from error


def _as_bytes(word: str) -> bytes:
    """Return the bytes of a word of the command line, whatever its encoding."""
    return word.encode("utf-8", "surrogateescape")


async def _submit(
    servers: list[Server],
    options: SubmitOptions,
    workload: bytes | None,
    stream: BinaryIO,
    reactor: Any,
) -> int:
    """Submit one job, or one for each line of ``stream``; return the exit status."""
    output = ConsoleOutput()
    printer = ResultPrinter(
        output, lambda error: print_error(error.message), one_per_line=workload is None
    )
    async with Client(servers, reactor=reactor) as client:
        try:
            await client.connect()
            if workload is None:
                jobs = JobStream(client, options, printer)
                return await jobs.run(read_lines(stream, reactor))
            return await printer.print_all(options.submit(client, workload))
        finally:
            output.hide_bar()
