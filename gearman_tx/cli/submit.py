"""``gearman-tx submit``: submit jobs and print their results."""

from __future__ import annotations

import sys
from functools import partial
from typing import Any, BinaryIO

import click

from gearman_tx.cli import exit_status
from gearman_tx.cli.moment import read_moment
from gearman_tx.cli.progress import Output
from gearman_tx.cli.running import run
from gearman_tx.cli.servers import servers_option
from gearman_tx.cli.submission import Batch, Printer, Wish
from gearman_tx.cli.trouble import Trouble, say
from gearman_tx.cli.workloads import read_lines
from gearman_tx.client import Client
from gearman_tx.link import Server


@click.command()
@click.argument("function")
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
    help="Which jobs go first.",
)
@click.option(
    "-u",
    "--unique",
    default="",
    metavar="KEY",
    help="Jobs with the same key become one while it waits or runs; - takes the workload as key.",
)
@click.option(
    "--at",
    callback=read_moment,
    metavar="TIME",
    help="Run it in the background and no earlier: +90 (seconds), +10m, +2h, +1d, "
    "2030-01-31T18:00, or seconds since 1970.",
)
@click.option(
    "--retries",
    type=click.IntRange(min=0),
    default=0,
    metavar="N",
    help="Try again N times when a job fails or its server is lost.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="Give a job up after so long, with all its tries.",
)
def submit(
    function: str,
    workload: str | None,
    servers: list[Server],
    file: BinaryIO | None,
    lines: bool,  # noqa: FBT001  # click hands it over by name
    **wishes: Any,
) -> int:
    """Submit jobs and print their results.

    A job of FUNCTION is submitted. Its workload is the argument WORKLOAD, what --file holds, or
    else standard input. With --lines each line is a job; many are under way at a time, and the
    results come in the order of the lines, one on each line.

    Results and data go to standard output as they are, warnings and errors to standard error, and
    on a terminal a bar shows how far the job is. The exit status is 1 if a job failed.

    \b
    Examples:
      gearman-tx submit reverse hello
      gearman-tx submit resize --file photo.jpg > small.jpg
      find . -name '*.jpg' | gearman-tx submit --lines --background index
      gearman-tx submit remind 'the meeting' --at +2h
    """
    if workload is not None and file is not None:
        raise click.UsageError("give the workload as an argument or with --file, not both")
    if workload is not None and lines:
        raise click.UsageError("--lines reads --file or standard input: leave WORKLOAD out")
    if wishes["at"] is not None:
        wishes["background"] = True
        if wishes["priority"] != "normal":
            raise click.UsageError("Gearman has no priority for a job with --at")
    wish = Wish(function, **wishes)
    stream = file or sys.stdin.buffer
    if workload is None and stream.isatty():
        say("reads the terminal; Ctrl-D at the start of a line ends it")
    try:
        data = None
        if not lines:
            data = stream.read() if workload is None else _as_bytes(workload)
        return run(partial(_submit, servers, wish, data, stream))
    except BrokenPipeError:
        raise  # nobody reads the results any more; click ends the program
    except OSError as error:
        raise Trouble(f"{stream.name}: {error.strerror}", exit_status.USAGE) from error


def _as_bytes(word: str) -> bytes:
    """Return a word of the command line as it was given, whatever its encoding."""
    return word.encode("utf-8", "surrogateescape")


async def _submit(
    servers: list[Server], wish: Wish, workload: bytes | None, stream: BinaryIO, reactor: Any
) -> int:
    """Submit one job, or one for each line of ``stream``; return the exit status."""
    output = Output()
    printer = Printer(output, lambda trouble: say(trouble.message), one_per_line=workload is None)
    async with Client(servers, reactor=reactor) as client:
        try:
            await client.connect()
            if workload is None:
                batch = Batch(client, wish, printer)
                return await batch.run(read_lines(stream, reactor))
            return await printer.print_all(wish.submit(client, workload))
        finally:
            output.hide_bar()
