"""``gearman-tx drop``: make job servers forget functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

import click

from gearman_tx.cli.errors import CommandError, ExitStatus, print_error
from gearman_tx.cli.everywhere import Everywhere, run_everywhere
from gearman_tx.cli.formats import as_text
from gearman_tx.cli.names import FUNCTION, as_bytes
from gearman_tx.cli.servers import servers_option, timeout_option
from gearman_tx.cli.status import functions_of
from gearman_tx.cli.table import Row
from gearman_tx.cli.terminal import confirm, say, yes_option
from gearman_tx.errors import Refused

if TYPE_CHECKING:
    from gearman_tx.admin import AdminClient
    from gearman_tx.link import Server


@click.command()
@click.argument("functions", metavar="FUNCTION...", nargs=-1, required=True, type=FUNCTION)
@yes_option
@servers_option
@timeout_option
def drop(functions: tuple[str, ...], yes: bool, servers: list[Server], timeout: float) -> None:  # noqa: FBT001  # click passes it by name
    """Make job servers forget functions.

    The limits and the waiting jobs of a function go with it; clients that wait for one of the jobs
    are told that it failed. A job server refuses to drop a function that has workers or running
    jobs.

    On a terminal you see how many jobs and workers the functions have, and are asked first, unless
    you give --yes. The exit status is 1 if no job server knows a FUNCTION; then nothing is dropped.

    A C gearmand keeps the jobs of a dropped function in its memory; cancel them before.

    \b
    Examples:
      gearman-tx drop resize
      gearman-tx drop resize --yes -s one.example
    """
    run_everywhere(servers, timeout, partial(_drop, functions, yes))


async def _drop(functions: tuple[str, ...], yes: bool, everywhere: Everywhere) -> None:  # noqa: FBT001  # from click
    """Show what the servers know of the functions, ask, and drop them where they are."""
    names = {as_bytes(function): function for function in functions}
    answers = await everywhere.do(functions_of)
    found = {
        server: [row for row in rows if row["function"] in names]
        for server, rows in answers.items()
    }
    known = {row["function"] for rows in found.values() for row in rows}
    unknown = [text for name, text in names.items() if name not in known]
    if unknown and not everywhere.status:
        text = f"no job server knows {', '.join(unknown)}; gearman-tx status lists the functions"
        raise CommandError(text, ExitStatus.FAILED)
    if not known:
        return  # all servers failed
    confirm(_question(found), yes=yes)

    async def drop_found(admin: AdminClient) -> Mapping[str, str]:
        """Drop the functions of a server; return why not, or an empty text, by their names."""
        outcome = {}
        for row in found[admin.server.name]:
            name = as_text(row["function"])
            try:
                await admin.drop_function(row["function"])
                outcome[name] = ""
            except Refused as refusal:
                outcome[name] = refusal.text.decode("utf-8", "replace")
        return outcome

    for server, outcome in (await everywhere.do(drop_found)).items():
        for name, reason in outcome.items():
            if reason:
                print_error(f"{server}: {name} is not dropped: {reason}")
                everywhere.status = max(everywhere.status, ExitStatus.REFUSED)
            else:
                say(f"{server}: {name} is dropped")


def _question(found: Mapping[str, Sequence[Row]]) -> str:
    lines = [
        f"{server}: {as_text(row['function'])} has {row['jobs']:,} jobs, {row['running']:,} of "
        f"them running, and {row['workers']:,} workers"
        for server, rows in found.items()
        for row in rows
    ]
    return "\n".join([*lines, "Drop?"])
