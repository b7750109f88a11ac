"""``python -m benchmarks``: the options, and the exit status."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import click

from benchmarks.effort import FULL, QUICK
from benchmarks.errors import BenchmarkError
from benchmarks.interruption import INTERRUPTION
from benchmarks.run import Request, list_suite, run
from benchmarks.suites import SUITES

INTERRUPTED: Final = 130

EXIT_STATUS: Final = (
    "Exit status: 0, everything was measured; 1, our server or the floor failed, or nothing could "
    "be measured; 2, the command line is wrong; 3, with --check, a target was missed; 130, "
    "interrupted."
)

_FILE: Final = click.Path(dir_okay=False, path_type=Path)
_FOLDER: Final = click.Path(exists=True, file_okay=False, path_type=Path)


def _names(_: object, __: object, given: str | None) -> tuple[str, ...]:
    return tuple(name.strip() for name in given.split(",")) if given else ()


def _variants(_: object, __: object, given: Sequence[str]) -> tuple[tuple[str, str], ...]:
    variants = []
    for word in given:
        name, _, command = word.partition("=")
        if not name or not command:
            raise click.BadParameter(f"{word!r} is not NAME=COMMAND")
        variants.append((name, command))
    return tuple(variants)


@click.command(epilog=EXIT_STATUS)
@click.argument("suite", type=click.Choice(list(SUITES)), default=next(iter(SUITES)))
@click.option("--quick", is_flag=True, help="Two minutes: fewer kinds of work, rough figures.")
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    metavar="NAME",
    help="Measure only this kind of work. May be given several times.",
)
@click.option(
    "--servers",
    "names",
    callback=_names,
    metavar="NAME[,NAME...]",
    help="Measure only these contenders.",
)
@click.option(
    "--ours",
    "variants",
    multiple=True,
    callback=_variants,
    metavar="NAME=COMMAND",
    help="A further server of ours: a command line that ends where the server's options begin. "
    "With the name ours it replaces this checkout's. May be given several times.",
)
@click.option(
    "--repeat", type=click.IntRange(min=1), metavar="N", help="How often each kind is measured."
)
@click.option(
    "--seconds",
    type=click.FloatRange(min=0, min_open=True),
    metavar="S",
    help="How long one load lasts.",
)
@click.option("--json", "json_path", type=_FILE, metavar="FILE", help="Write all figures to FILE.")
@click.option(
    "--from",
    "from_path",
    type=_FILE,
    metavar="FILE",
    help="Begin with the figures in FILE; kinds that are measured now replace them. Without "
    "--kind or --quick, nothing is measured.",
)
@click.option("--docs", is_flag=True, help="Write the tables and the chart of the documentation.")
@click.option("--check", is_flag=True, help="Exit with 3 when a target is missed.")
@click.option(
    "--folder",
    type=_FOLDER,
    metavar="DIR",
    help="Folder for the servers' queue files: its disk is measured. The default is the folder "
    "for temporary files.",
)
@click.option("--list", "lists", is_flag=True, help="List the kinds of work and the contenders.")
def main(  # noqa: PLR0913  # an option is an argument
    *,
    suite: str,
    quick: bool,
    kinds: tuple[str, ...],
    lists: bool,
    repeat: int | None,
    seconds: float | None,
    **options: Any,
) -> None:
    """Measure gearman_tx beside its peers and print tables of medians.

    Without --quick this takes about an hour. Progress goes to stderr. All programs that it
    starts listen on 127.0.0.1, and have ended when this command ends.
    """
    request = Request(
        suite=SUITES[suite],
        effort=(QUICK if quick else FULL).changed(rounds=repeat, seconds=seconds),
        is_quick=quick,
        kinds=kinds,
        **options,
    )
    try:
        with INTERRUPTION.listening():
            status = list_suite(request) if lists else run(request)
    except BenchmarkError as error:
        raise click.ClickException(str(error)) from error
    except KeyboardInterrupt:
        click.echo("interrupted: everything that was started is stopped", err=True)
        status = INTERRUPTED
    sys.exit(status)
