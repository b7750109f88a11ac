"""``gearman-tx cancel``: take jobs out of the queue."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import click

from gearman_tx.admin import unescape
from gearman_tx.cli.errors import CommandError, ExitStatus
from gearman_tx.cli.everywhere import Everywhere, do_everywhere, run_everywhere
from gearman_tx.cli.formats import as_text
from gearman_tx.cli.jobs import STATES, job_lines
from gearman_tx.cli.names import FUNCTION, HANDLE, as_bytes
from gearman_tx.cli.patterns import Patterns
from gearman_tx.cli.servers import servers_option, timeout_option
from gearman_tx.cli.terminal import confirm, note, say, yes_option
from gearman_tx.values.plural import plural

if TYPE_CHECKING:
    from gearman_tx.admin import AdminClient
    from gearman_tx.link import Server


@click.command()
@click.argument("handles", metavar="[HANDLE]...", nargs=-1, type=HANDLE)
@click.option(
    "-f",
    "--function",
    "functions",
    multiple=True,
    type=FUNCTION,
    metavar="FUNCTION",
    help="Cancel the jobs of this function, in which * and ? stand for any characters. Repeat the "
    "option for several.",
)
@click.option("--state", type=click.Choice(STATES), help="With --function: only in this state.")
@click.option(
    "-n", "--dry-run", is_flag=True, help="With --function: count the jobs, and cancel none."
)
@yes_option
@servers_option
@timeout_option
def cancel(  # noqa: PLR0913  # an argument for each option
    *,
    handles: tuple[str, ...],
    functions: tuple[str, ...],
    state: str | None,
    dry_run: bool,
    yes: bool,
    servers: list[Server],
    timeout: float,
) -> None:
    """Cancel jobs by their handles, or all jobs of functions.

    All servers are asked, whichever has the job. A queued job is not run. A running job is run to
    its end, and its result is dropped.

    With HANDLE, the exit status is 1 if no server knows one of the handles: the job has ended, or
    never existed. With --function on a terminal you are shown how many jobs there are and asked
    first, unless you give --yes.

    \b
    Examples:
      gearman-tx cancel H:one.example:17
      gearman-tx cancel --function resize --state queued --dry-run
      gearman-tx cancel --function 'image-*' --yes
    """
    if bool(handles) == bool(functions):
        raise click.UsageError("name either handles or a --function")
    if handles and (state or dry_run):
        raise click.UsageError("--state and --dry-run go with --function")
    if handles:
        _cancel_handles(handles, servers, timeout)
    else:
        names = Patterns(functions)
        run_everywhere(
            servers,
            timeout,
            lambda everywhere: _cancel_jobs(everywhere, names, state, dry_run=dry_run, yes=yes),
        )


def _cancel_handles(handles: Sequence[str], servers: list[Server], timeout: float) -> None:
    encoded = list(map(as_bytes, handles))
    answers = do_everywhere(servers, timeout, lambda admin: admin.cancel_many(encoded))
    unknown = []
    for handle, *found in zip(handles, *answers.values(), strict=True):
        if any(found):
            say(f"{handle} is cancelled")
        else:
            unknown.append(handle)
    if unknown:
        text = f"no job server knows {', '.join(unknown)}: ended, or never there"
        text += "; gearman-tx jobs lists the jobs that exist"
        raise CommandError(text, ExitStatus.FAILED)


async def _cancel_jobs(
    everywhere: Everywhere, names: Patterns, state: str | None, *, dry_run: bool, yes: bool
) -> None:
    """Cancel the jobs of the named functions."""
    found = await everywhere.do(lambda admin: job_lines(admin, names, state))
    unknown = names.take_unknown()
    if unknown is not None and not everywhere.status:
        raise unknown
    cells = {
        server: [line.split(b"\t", 4)[:4] for line in lines] for server, lines in found.items()
    }
    handles = {
        server: [unescape(handle) for handle, *_ in rows] for server, rows in cells.items() if rows
    }
    if not handles:
        note("no jobs")
        return
    counts = [f"{server}: {_counts(cells[server])}" for server in handles]
    if dry_run:
        say("\n".join(f"{count} would be cancelled" for count in counts))
        return
    confirm("\n".join([*counts, "Cancel them?"]), yes=yes)
    by_admin: Mapping[AdminClient, Sequence[bytes]] = {
        admin: handles.get(server.name, ())
        for server, admin in zip(everywhere.servers, everywhere.admins, strict=True)
    }
    done = await everywhere.do(lambda admin: admin.cancel_many(by_admin[admin]))
    for server, answers in done.items():
        if answers:
            say(f"{server}: {_jobs(sum(answers))} cancelled")


def _counts(rows: Sequence[Sequence[bytes]]) -> str:
    """Return how many jobs there are, by function and state."""
    counts = Counter((function, state) for _, function, _, state in rows)
    return ", ".join(
        f"{_jobs(count)} of {as_text(unescape(function))} {state.decode()}"
        for (function, state), count in sorted(counts.items())
    )


def _jobs(count: int) -> str:
    return f"{count:,} {plural('job', count)}"
