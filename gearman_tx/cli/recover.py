"""``gearman-tx recover``: read a damaged queue file without a job server."""

from __future__ import annotations

import json
from pathlib import Path

import click

from gearman_tx.cli.new_file import FILE, making, refuse_folder, refuse_missing
from gearman_tx.store import Recovered
from gearman_tx.store import recover as recover_queue
from gearman_tx.values.plural import plural


@click.command()
@click.argument("queue", type=FILE)
@click.option("--into", type=FILE, metavar="NEW", help="Write the jobs into a new file.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
def recover(queue: Path, into: Path | None, as_json: bool) -> None:  # noqa: FBT001  # click passes it by name
    """Recover the jobs of a damaged queue file.

    QUEUE is a queue file that no job server uses. If it is damaged, all jobs that can be read are
    written into a new file, which takes its place; the damaged file is renamed to
    QUEUE.damaged-1. A job server does the same when it is started on the file. If QUEUE is not
    damaged, it is not changed.

    With --into, the jobs are written into NEW, which must not exist. QUEUE is not changed, whether
    it is damaged or not.

    \b
    Examples:
      gearman-tx recover gearmand-4730.sqlite3
      gearman-tx recover /var/lib/gearmand/gearmand-4730.sqlite3 --into recovered.sqlite3
    """
    refuse_missing(queue)
    if into is not None:
        refuse_folder(into)
    with making() as show:
        done = recover_queue(queue, into, progress=show)
    if as_json:
        result = {
            "queue": str(queue),
            "into": str(done.path),
            "jobs": done.jobs,
            "damage": done.damage or None,
            "aside": None if done.aside is None else str(done.aside),
        }
        click.echo(json.dumps(result))
    else:
        click.echo(_summary(queue, into, done))


def _summary(queue: Path, into: Path | None, done: Recovered) -> str:
    """Return what was done, in one line."""
    jobs = f"{done.jobs} {plural('job', done.jobs)}"
    if into is not None:
        return f"{into}: {jobs} read from {queue}, which was not changed"
    if done.aside is None:
        return f"{queue} is not damaged and was not changed: {jobs}"
    return f"{queue}: {jobs} read; the damaged file is now {done.aside} ({done.damage})"
