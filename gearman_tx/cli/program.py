"""The commands that need click, and their exit status."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import click
from typing_extensions import override

from gearman_tx._version import BUILD, __version__
from gearman_tx.cli.backup import backup
from gearman_tx.cli.cancel import cancel
from gearman_tx.cli.completion import VARIABLE, completion
from gearman_tx.cli.errors import PROGRAM, CommandError, ExitStatus, explain, print_error
from gearman_tx.cli.import_queue import import_queue
from gearman_tx.cli.jobs import jobs
from gearman_tx.cli.maxqueue import maxqueue
from gearman_tx.cli.ping import ping
from gearman_tx.cli.recover import recover
from gearman_tx.cli.shutdown import shutdown
from gearman_tx.cli.status import status
from gearman_tx.cli.submit import submit
from gearman_tx.cli.work import work
from gearman_tx.cli.workers import workers
from gearman_tx.errors import GearmanError

_CONTEXT: Final = {"help_option_names": ["-h", "--help"], "max_content_width": 100}

_EPILOG: Final = """\
\b
Exit status:
    0  success
    1  a job failed, took too long or is not known; or a queue file cannot be used
    2  the command line is wrong
    3  a job server could not be reached, was lost or did not answer
    4  a job server refused the request, or does not know it
  130  interrupted

gearman-tx COMMAND --help describes a command. Under the name gearmand, for example by a symbolic
link, this program is the command gearmand.
"""


class _Commands(click.Group):
    """The commands in the order in which they were added: the most used ones come first."""

    @override
    def list_commands(self, ctx: click.Context) -> list[str]:
        """Click: return the names for the help and for completion."""
        return list(self.commands)


@click.command(add_help_option=False, context_settings={"ignore_unknown_options": True})
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
def gearmand(words: tuple[str, ...]) -> int:
    """Run a job server; see gearmand --help."""
    from gearman_tx.gearmand.command import run  # noqa: PLC0415  # other commands start faster

    return run(words)


@click.group(cls=_Commands, context_settings=_CONTEXT, epilog=_EPILOG)
@click.version_option(__version__, "-V", "--version", message=f"gearman-tx %(version)s ({BUILD})")
def commands() -> None:
    """Gearman at the command line: run and operate job servers, submit jobs and work on them.

    --server names the job servers and may be repeated. Its default is the environment variable
    GEARMAN_SERVERS, then localhost:4730.
    """


for _command in (
    submit,
    work,
    status,
    workers,
    jobs,
    cancel,
    maxqueue,
    ping,
    shutdown,
    backup,
    recover,
    import_queue,
    gearmand,
    completion,
):
    commands.add_command(_command)


def run_command(words: Sequence[str]) -> int:
    """Run one of the commands, print its error on stderr, and return the exit status."""
    try:
        status = commands.main(
            list(words),
            prog_name=PROGRAM,
            complete_var=VARIABLE,
            standalone_mode=False,
            obj=list(words),  # the supervisor starts its workers with them
        )
    except click.UsageError as error:
        return _usage_error(error)
    except (CommandError, GearmanError) as error:
        explained = explain(error)
        print_error(explained.message)
        return explained.status
    except click.ClickException as error:  # a file cannot be opened
        print_error(f"{error.format_message()}; is it there, and readable?")
        return ExitStatus.USAGE
    except click.Abort:
        print_error("interrupted")
        return ExitStatus.INTERRUPTED
    return status if isinstance(status, int) else 0


def _usage_error(error: click.UsageError) -> int:
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        click.echo(error.format_message(), err=True)
        return ExitStatus.USAGE
    where = error.ctx.command_path if error.ctx is not None else PROGRAM
    message = error.format_message()
    end = "" if message.endswith("?") else ";"
    print_error(f"{message.rstrip('.')}{end} see {where} --help")
    return ExitStatus.USAGE
