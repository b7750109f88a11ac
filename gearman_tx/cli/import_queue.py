"""``gearman-tx import``: import the queue of the C server while no server runs."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import click

from gearman_tx.cli.columns import columns
from gearman_tx.cli.console import ConsoleOutput
from gearman_tx.cli.errors import CommandError, ExitStatus, print_error
from gearman_tx.cli.formats import as_json
from gearman_tx.cli.new_file import refuse_folder, refuse_missing
from gearman_tx.cli.table import Row, TablePrinter
from gearman_tx.daemon import host_prefix
from gearman_tx.importing import (
    DriverMissingError,
    ImportedBeforeError,
    Outcome,
    Source,
    SourceError,
    SourceOptions,
    Tally,
    import_jobs,
    open_source,
    source_id,
)
from gearman_tx.store import DryRun, Importer, Opening
from gearman_tx.values.plural import plural

_DEFAULT: Final = "gearmand-4730.sqlite3"
_CHOICE: Final = "--only-new leaves them out, --again imports them again"


_COLUMNS: Final = (
    "function",
    "jobs",
    "high",
    "normal",
    "low",
    "delayed",
    "first_due",
    "last_due",
)


@click.command("import")
@click.argument("source")
@click.option(
    "--into",
    type=click.Path(dir_okay=False, path_type=Path),
    default=_DEFAULT,
    show_default=True,
    metavar="FILE",
    help="The queue file; it is created if it does not exist.",
)
@click.option(
    "--table", metavar="NAME", help="The C server's table: gearman_queue; queue in PostgreSQL."
)
@click.option("--prefix", metavar="TEXT", help="How the keys in redis begin: _gear_.")
@click.option(
    "--function",
    "functions",
    metavar="NAME",
    multiple=True,
    help="For redis: a function with a hyphen in its name. Repeat the option for several.",
)
@click.option("--ask-password", is_flag=True, help="Ask for the password of the database.")
@click.option(
    "--password-file",
    type=click.File("r", encoding="utf-8-sig"),  # perhaps with a byte order mark
    metavar="FILE",
    help="Read the password from the first line of a file.",
)
@click.option("-n", "--dry-run", is_flag=True, help="Print what would be done, and change nothing.")
@click.option(
    "--delete", is_flag=True, help="Delete the jobs from the source when they are on the disk."
)
@click.option(
    "--only-new", is_flag=True, help="Leave out jobs of an earlier import of this source."
)
@click.option(
    "--again", is_flag=True, help="Import jobs of an earlier import of this source again."
)
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
    """Import the jobs of the C server's queue into a queue file.

    First stop the C server, and our server if it already uses the file. SOURCE is where the C
    server keeps its queue:

    \b
      PATH                               a file of SQLite (-q libsqlite3)
      mysql://USER@HOST:PORT/DATABASE    MySQL or MariaDB (-q mysql)
      postgresql://USER@HOST/DATABASE    PostgreSQL (-q postgres)
      postgresql:CONNINFO                PostgreSQL, as in the C server's --libpq-conninfo
      redis://HOST:PORT/NUMBER           redis (-q redis)

    Either all jobs are imported or none. They also stay in the source, unless --delete is given.
    An import that meets a job of an earlier import is refused, unless --only-new or --again is
    given. A row that is not a job is reported and stays in the source, and the exit status is 1.
    If a database does not answer, the exit status is 3; if a file is not there, it is 2.

    --ask-password asks for a password and --password-file reads it from a file. Otherwise it comes
    from the environment: PGPASSWORD, MYSQL_PWD or REDISCLI_AUTH.

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
    options = SourceOptions(source, table, prefix, names, password, delete)
    if options.path is not None:
        refuse_missing(options.path)
    refuse_folder(into)
    if options.path is not None and options.path.resolve() == into.resolve():
        text = f"{into} is both source and queue file; a server that is started on it"
        raise CommandError(f"{text} imports its jobs", ExitStatus.USAGE)
    with _opened(options) as opened:
        target_class = DryRun if dry_run else Importer
        now = time.time()
        opening = Opening(time.time, handle_prefix=host_prefix())
        with target_class(into, opening, source_id(opened)) as target:
            for notice in target.notices:
                print_error(notice)
            if again:
                target.forget()
            with _bar(opened) as progress:
                outcome = import_jobs(
                    opened,
                    target,
                    now,
                    only_new=only_new or dry_run,
                    delete=delete,
                    progress=progress,
                )
        _show(outcome, opened, target.path, is_dry_run=dry_run, is_json=is_json)
        _conclude(outcome, opened)


@contextmanager
def _opened(options: SourceOptions) -> Iterator[Source]:
    """Open the source; turn its errors into exit statuses."""
    try:
        source = open_source(options)
        try:
            yield source
        finally:
            source.close()
    except SourceError as error:
        raise CommandError(str(error), ExitStatus.UNREACHABLE) from error
    except ImportedBeforeError as error:
        raise CommandError(f"{error}; {_CHOICE}", ExitStatus.FAILED) from error
    except DriverMissingError as error:
        raise CommandError(str(error), ExitStatus.FAILED) from error


@contextmanager
def _bar(source: Source) -> Iterator[Callable[[int], None]]:
    """Show a progress bar on a terminal."""
    output = ConsoleOutput()
    total = source.count() or 0
    try:
        yield lambda done: output.show_bar(done, total, "jobs")
    finally:
        output.hide_bar()


def _rows(tally: Tally) -> list[Row]:
    """Return a row for each function, in the order of their names."""
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


def _show(outcome: Outcome, source: Source, path: Path, *, is_dry_run: bool, is_json: bool) -> None:
    """Print the result of the import."""
    rows, count = _rows(outcome.added), outcome.added.count
    if is_json:
        summary = {
            "source": source.name,
            "into": str(path),
            "dry_run": is_dry_run,
            "added": count,
            "known": outcome.known,
            "changed": outcome.changed,
            "left": outcome.left,
            "deleted": outcome.deleted,
            "functions": [{key: as_json(value) for key, value in row.items()} for row in rows],
        }
        click.echo(json.dumps(summary, indent=2, ensure_ascii=False))
        return
    TablePrinter().show(columns(_COLUMNS), rows, ())
    done = "would be imported into" if is_dry_run else "are now in"
    click.echo(f"{_jobs(count)} of {source.name} {done} {path}")
    if outcome.known:
        before = f"{_jobs(outcome.known)} of it had been imported before"
        click.echo(f"{before}; {_CHOICE}" if is_dry_run else before)
    if outcome.deleted:
        click.echo(f"{_jobs(outcome.deleted)} deleted from the source")


def _conclude(outcome: Outcome, source: Source) -> None:
    """Report on stderr what was changed or left out.

    Raises:
        CommandError: something was left out.
    """
    for line in outcome.reports:
        print_error(line)
    if outcome.not_deleted:
        text = f"the jobs were imported, but {outcome.not_deleted}"
        text += "; when that is fixed, --only-new --delete deletes them"
        raise CommandError(text, ExitStatus.UNREACHABLE)
    if outcome.left:
        stay = "stays" if outcome.left == 1 else "stay"
        text = f"{_jobs(outcome.left)} could not be imported and {stay} in {source.name}"
        raise CommandError(text, ExitStatus.FAILED)


def _jobs(count: int) -> str:
    return f"{count} {plural('job', count)}"
