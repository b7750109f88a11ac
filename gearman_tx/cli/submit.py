"""``gearman-tx submit``: submit jobs and print their results."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, BinaryIO

import click
from attrs import evolve

from gearman_tx.cli.errors import CommandError, ExitStatus
from gearman_tx.cli.job_request import JobRequest, requests_of_json, requests_of_lines
from gearman_tx.cli.names import FUNCTION
from gearman_tx.cli.parameters import INPUT, SPAN, WHEN, Count
from gearman_tx.cli.servers import servers_option
from gearman_tx.cli.terminal import note

if TYPE_CHECKING:
    from gearman_tx.link import Server


@click.command()
@click.argument("function", required=False, type=FUNCTION)
@click.argument("workload", required=False)
@servers_option
@click.option(
    "--file",
    "file",
    type=INPUT,
    metavar="PATH",
    help="Read the workload from this file; - is standard input.",
)
@click.option("-n", "--lines", is_flag=True, help="Submit one job for each line of the input.")
@click.option(
    "--jsonl",
    is_flag=True,
    help="Submit one job for each line of the input, a JSON object with workload and, if they "
    "differ from the options, function, unique, priority and at.",
)
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print a JSON object for each job, on one line: handle, server, function, unique, result, "
    "error and duration in seconds.",
)
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
def submit(  # noqa: PLR0913  # an argument for each option
    *,
    function: str | None,
    workload: str | None,
    servers: list[Server],
    file: BinaryIO | None,
    lines: bool,
    jsonl: bool,
    as_json: bool,
    **given: Any,
) -> int:
    """Submit jobs and print their results.

    The workload of the job is the argument WORKLOAD, the content of --file, or else standard input.

    With --lines, each line is the workload of a job; with --jsonl, each line is a JSON object that
    describes a job, and FUNCTION is needed only for objects that name none. Many jobs run at a
    time. The results come in the order of the lines, one on each line.

    Results and data go unchanged to standard output, warnings and errors to standard error. On a
    terminal a bar shows the progress of the job. The exit status is 1 if a job failed.

    \b
    Examples:
      gearman-tx submit reverse hello
      gearman-tx submit resize --file photo.jpg > small.jpg
      find . -name '*.jpg' | gearman-tx submit --lines --background index
      gearman-tx submit remind 'the meeting' --at 2h
      echo '{"function": "reverse", "workload": "abc", "priority": "high"}' |
        gearman-tx submit --jsonl --json
    """
    from gearman_tx.cli.running import run  # noqa: PLC0415  # Twisted, which the Tab key does not need
    from gearman_tx.cli.submission import requests_of, submit_and_print  # noqa: PLC0415  # as above

    _check(function, workload, file, lines=lines, jsonl=jsonl)
    request = JobRequest(function or "", b"", **given)
    if function is not None:
        try:
            request.check()
        except ValueError as error:
            raise click.UsageError(str(error)) from error
    stream = None
    if workload is None:
        stream = file or INPUT.standard_input()
        if stream.isatty():
            note("reading the terminal: Ctrl-D at the start of a line ends the input")
    requests = None
    if stream is not None and (lines or jsonl):
        read = requests_of_json if jsonl else requests_of_lines
        requests = partial(requests_of, read, stream, request)
    else:
        data = _as_bytes(workload or "") if stream is None else _read(stream)
        request = evolve(request, workload=data)
    return run(partial(submit_and_print, servers, request, requests, as_json))


def _check(
    function: str | None, workload: str | None, file: BinaryIO | None, *, lines: bool, jsonl: bool
) -> None:
    """Refuse arguments and options that exclude each other.

    Raises:
        click.UsageError: the command line is wrong.
    """
    if function is None and not jsonl:
        raise click.UsageError("Missing argument 'FUNCTION'")
    if workload is not None and file is not None:
        raise click.UsageError("give the workload as an argument or with --file, not both")
    if lines and jsonl:
        raise click.UsageError("choose --lines or --jsonl")
    if workload is not None and (lines or jsonl):
        option = "--lines" if lines else "--jsonl"
        raise click.UsageError(f"{option} reads --file or standard input: leave WORKLOAD out")


def _as_bytes(word: str) -> bytes:
    """Return the bytes of a word of the command line, whatever its encoding."""
    return word.encode("utf-8", "surrogateescape")


def _read(stream: BinaryIO) -> bytes:
    """Return the content of ``stream``.

    Raises:
        CommandError: it cannot be read.
    """
    try:
        return stream.read()
    except OSError as error:
        raise CommandError(f"{stream.name}: {error.strerror}", ExitStatus.USAGE) from error
