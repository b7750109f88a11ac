"""``gearman-tx backup``: copy a queue file, even while a job server uses it."""

from __future__ import annotations

import json
from pathlib import Path

import click

from gearman_tx.cli.new_file import FILE, making, refuse_folder, refuse_missing
from gearman_tx.store import backup as copy_queue
from gearman_tx.values.plural import plural


@click.command()
@click.argument("queue", type=FILE)
@click.argument("copy", type=FILE)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
def backup(queue: Path, copy: Path, as_json: bool) -> None:  # noqa: FBT001  # click passes it by name
    """Copy a queue file, also while a job server uses it.

    QUEUE is the queue file of a job server on this machine; the text command `store` prints its
    path. COPY is a new file and must not exist. It holds the queue as it was at one moment, and
    gets its name only when it is complete and on the disk. The job server goes on meanwhile.

    A job server can be started on COPY. It runs again the jobs that ended after the copy was made.
    To put COPY in the place of QUEUE, stop the job server and move QUEUE and QUEUE-wal away first.

    \b
    Examples:
      gearman-tx backup gearmand-4730.sqlite3 copy.sqlite3
      gearman-tx backup /var/lib/gearmand/gearmand-4730.sqlite3 /backup/$(date +%F).sqlite3
    """
    refuse_missing(queue)
    refuse_folder(copy)
    with making() as show:
        jobs = copy_queue(queue, copy, progress=lambda left, total: show(total - left, total))
    size = copy.stat().st_size
    if as_json:
        click.echo(json.dumps({"queue": str(queue), "copy": str(copy), "jobs": jobs, "size": size}))
    else:
        click.echo(f"{copy}: {jobs} {plural('job', jobs)}, {size} bytes")
