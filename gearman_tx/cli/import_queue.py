"""``gearman-tx import``: take the queue of the C server over, while no server runs."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import click

from gearman_tx.cli import exit_status
from gearman_tx.cli.cells import as_json
from gearman_tx.cli.progress import Output
from gearman_tx.cli.report import Column, Row
from gearman_tx.cli.screen import Screen
from gearman_tx.cli.trouble import Trouble, say
from gearman_tx.daemon import host_prefix
from gearman_tx.importing import (
    DriverMissingError,
    Outcome,
    Source,
    SourceError,
    TakenBeforeError,
    Tally,
    Wish,
    open_source,
    source_id,
    take_over,
)
from gearman_tx.store import BulkLoad, Opening, Rehearsal

_DEFAULT: Final = "gearmand-4730.sqlite3"
_CHOICE: Final = "--only-new leaves them out, --again takes them once more"


def _moment(seconds: object) -> str:
    if not isinstance(seconds, float):
        return "-"
    try:
        return datetime.fromtimestamp(seconds).astimezone().isoformat(" ", "seconds")
    except (OverflowError, ValueError, OSError):  # beyond the year 9999
        return f"{seconds:g}"


_COLUMNS: Final = (
    Column("Function", "function"),
    Column("Jobs", "jobs", is_number=True),
    Column("High", "high", is_number=True),
    Column("Normal", "normal", is_number=True),
    Column("Low", "low", is_number=True),
    Column("Delayed", "delayed", is_number=True),
    Column("First due", "first_due", _moment),
    Column("Last due", "last_due", _moment),
)


@click.command("import")
@click.argument("source")
@click.option(
    "--into",
    type=click.Path(dir_okay=False, path_type=Path),
    default=_DEFAULT,
    show_default=True,
    metavar="FILE",
    help="The queue file; it is made if there is none.",
)
@click.option(
    "--table", metavar="NAME", help="The C server's table: gearman_queue; queue in PostgreSQL."
)
@click.option("--prefix", metavar="TEXT", help="What the keys in redis begin with: _gear_.")
@click.option(
    "--function",
    "functions",
    metavar="NAME",
    multiple=True,
    help="A function with a hyphen in its name, for redis. Repeat it for several.",
)
@click.option("--ask-password", is_flag=True, help="Ask for the password of the database.")
@click.option(
    "--password-file",
    type=click.File("r"),
    metavar="FILE",
    help="Read the password from the first line of a file.",
)
@click.option("-n", "--dry-run", is_flag=True, help="Say what would be done, and change nothing.")
@click.option(
    "--delete", is_flag=True, help="When the jobs are on the disk, delete them from the source."
)
@click.option("--only-new", is_flag=True, help="Leave out what was taken from this source before.")
@click.option("--again", is_flag=True, help="Take what was taken from this source before, too.")
@click.option("--json", "is_json", is_flag=True, help="Print JSON, not a table.")
def import_queue(  # noqa: PLR0913  # an argument for each option
    *,
    source: str,
    into: Path,
    table: str | None,
    prefix: str | None,
    functions: tuple[str, ...],
    password_file: Any,
    ask_password: bool,
    dry_run: bool,
    delete: bool,
    only_new: bool,
    again: bool,
    is_json: bool,
) -> None:
    """Take the jobs of the C server's queue over into a queue file.

    Stop the C server first, and this one if it uses the file already. SOURCE is where the C server
    keeps its queue:

    \b
      PATH                               a file of SQLite (-q libsqlite3)
      mysql://USER@HOST:PORT/DATABASE    MySQL or MariaDB (-q mysql)
      postgresql://USER@HOST/DATABASE    PostgreSQL (-q postgres); also what
      postgresql:CONNINFO                the C server has as --libpq-conninfo
      redis://HOST:PORT/NUMBER           redis (-q redis)

    All jobs are taken over, or none. They stay in the source as well, unless there is --delete. A
    second import is refused when it meets a job that was taken over before, unless --only-new or
    --again says what is meant. What is no job that can be run is told and left where it is, and
    the exit status is 1 then. A database that does not answer is exit status 3.

    A password is asked for with --ask-password, read from --password-file, or taken from the
    environment: PGPASSWORD, MYSQL_PWD or REDISCLI_AUTH.

    \b
    Examples:
      gearman-tx import /var/lib/gearman/queue.db --dry-run
      gearman-tx import mysql://gearman@localhost/gearman --ask-password
      gearman-tx import postgresql:'host=db dbname=gearman' --table queue --delete
      gearman-tx import redis://localhost --function resize-image --into queue.sqlite3
    """
    if dry_run and delete:
        raise click.UsageError("--delete does not go with --dry-run")
    if only_new and again:
        raise click.UsageError("--only-new does not go with --again")
    if ask_password and password_file is not None:
        raise click.UsageError("--ask-password does not go with --password-file")
    password = None
    if ask_password:
        password = click.prompt("Password", hide_input=True, err=True)
    elif password_file is not None:
        password = password_file.readline().rstrip("\r\n")
    names = tuple(name.encode("utf-8", "surrogateescape") for name in functions)
    wish = Wish(source, table, prefix, names, password, delete)
    if wish.path is not None and wish.path.resolve() == into.resolve():
        text = f"{into} is to be both source and queue file; a server that is started on it"
        raise Trouble(f"{text} takes its jobs over", exit_status.USAGE)
    with _opened(wish) as opened:
        make = Rehearsal if dry_run else BulkLoad
        now = time.time()
        opening = Opening(time.time, handle_prefix=host_prefix())
        with make(into, opening, source_id(opened)) as load:
            for notice in load.notices:
                say(notice)
            if again:
                load.forget()
            with _bar(opened) as progress:
                outcome = take_over(
                    opened,
                    load,
                    now,
                    only_new=only_new or dry_run,
                    delete=delete,
                    progress=progress,
                )
        _show(outcome, opened, load.path, is_rehearsal=dry_run, is_json=is_json)
        _conclude(outcome, opened)


@contextmanager
def _opened(wish: Wish) -> Iterator[Source]:
    """Open the source; tell what is wrong with it by the exit status."""
    try:
        source = open_source(wish)
        try:
            yield source
        finally:
            source.close()
    except SourceError as error:
        raise Trouble(str(error), exit_status.UNREACHABLE) from error
    except TakenBeforeError as error:
        raise Trouble(f"{error}; {_CHOICE}", exit_status.FAILED) from error
    except DriverMissingError as error:
        raise Trouble(str(error), exit_status.FAILED) from error


@contextmanager
def _bar(source: Source) -> Iterator[Callable[[int], None]]:
    """Show a bar on a terminal, as long as it takes."""
    output = Output()
    total = source.count() or 0
    try:
        yield lambda done: output.show_bar(done, total, "jobs")
    finally:
        output.hide_bar()


def _rows(tally: Tally) -> list[Row]:
    rows = []
    for name, found in tally.functions.items():
        high, normal, low = found.priorities
        due = (found.first_due, found.last_due) if found.delayed else (None, None)
        rows.append(
            {
                "function": name,
                "jobs": high + normal + low,
                "high": high,
                "normal": normal,
                "low": low,
                "delayed": found.delayed,
                "first_due": due[0],
                "last_due": due[1],
            }
        )
    return sorted(rows, key=lambda row: row["function"])


def _show(
    outcome: Outcome, source: Source, path: Path, *, is_rehearsal: bool, is_json: bool
) -> None:
    """Print what was done."""
    rows, count = _rows(outcome.added), outcome.added.count
    if is_json:
        told = {
            "source": source.name,
            "into": str(path),
            "dry_run": is_rehearsal,
            "added": count,
            "known": outcome.known,
            "left": outcome.unreadable,
            "deleted": outcome.deleted,
            "functions": [{key: as_json(value) for key, value in row.items()} for row in rows],
        }
        click.echo(json.dumps(told, indent=2, ensure_ascii=False))
        return
    with Screen(is_watching=False) as screen:
        screen.show(_COLUMNS, rows, ())
    done = "would be taken over into" if is_rehearsal else "are now in"
    click.echo(f"{_jobs(count)} of {source.name} {done} {path}")
    if outcome.known:
        before = f"{_jobs(outcome.known)} of it had been taken over before"
        click.echo(f"{before}; {_CHOICE}" if is_rehearsal else before)
    if outcome.deleted:
        click.echo(f"{_jobs(outcome.deleted)} deleted from the source")


def _conclude(outcome: Outcome, source: Source) -> None:
    """Tell on stderr what could not be done.

    Raises:
        Trouble: something could not.
    """
    for line in outcome.told:
        say(f"left: {line}")
    if outcome.not_deleted:
        text = f"the jobs were taken over, but {outcome.not_deleted}"
        text += "; once that is mended, --only-new --delete deletes them"
        raise Trouble(text, exit_status.UNREACHABLE)
    if outcome.unreadable:
        stay = "stays" if outcome.unreadable == 1 else "stay"
        text = f"{_jobs(outcome.unreadable)} could not be taken over and {stay} in {source.name}"
        raise Trouble(text, exit_status.FAILED)


def _jobs(count: int) -> str:
    return "1 job" if count == 1 else f"{count} jobs"
