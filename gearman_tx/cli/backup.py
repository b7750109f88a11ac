"""``gearman-tx backup``: copy a queue file, be it in use or not."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import click

from gearman_tx.cli.progress import Output
from gearman_tx.store import backup as copy_queue

_PATH = click.Path(path_type=Path)


@click.command()
@click.argument("queue", type=_PATH)
@click.argument("copy", type=_PATH)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
def backup(queue: Path, copy: Path, as_json: bool) -> None:  # noqa: FBT001  # click hands it over by name
    """Copy a queue file, also while a job server uses it.

    QUEUE is the queue file of a job server on this machine, as its text command `store` names it.
    COPY is made, and must not be there yet. It holds the queue as it was at one moment, and has
    its name only when it is whole and on the disk; the job server goes on meanwhile.

    A job server can be started on COPY. Jobs that ended after it was made are run again then. To
    put it in the place of QUEUE, stop the job server and move QUEUE away, with QUEUE-wal.

    \b
    Examples:
      gearman-tx backup gearmand-4730.sqlite3 copy.sqlite3
      gearman-tx backup /var/lib/gearmand/gearmand-4730.sqlite3 /backup/$(date +%F).sqlite3
    """
    if copy.is_dir():
        raise click.UsageError(f"{copy} is a folder: name the file that is to be made in it")
    # Like Ctrl-C: what was copied until then is taken away.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    output = Output()
    try:
        jobs = copy_queue(
            queue,
            copy,
            progress=lambda left, total: output.show_bar(total - left, total, "pages"),
        )
    finally:
        output.hide_bar()
    size = copy.stat().st_size
    if as_json:
        click.echo(json.dumps({"queue": str(queue), "copy": str(copy), "jobs": jobs, "size": size}))
    else:
        click.echo(f"{copy}: {jobs} {'job' if jobs == 1 else 'jobs'}, {size} bytes")
