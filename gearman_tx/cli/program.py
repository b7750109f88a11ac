"""The commands that need click, and their exit status."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from importlib import import_module
from io import TextIOWrapper
from typing import Final

import click
from click.shell_completion import CompletionItem
from typing_extensions import override

from gearman_tx._version import BUILD, __version__
from gearman_tx.cli.completion import VARIABLE
from gearman_tx.cli.errors import PROGRAM, CommandError, ExitStatus, explain, print_error
from gearman_tx.cli.terminal import terminal_options
from gearman_tx.errors import GearmanError

_CONTEXT: Final = {"help_option_names": ["-h", "--help"], "max_content_width": 100}

_EPILOG: Final = """\
\b
Exit status:
    0  success
    1  a job failed or took too long; no server knows a job or a function; a queue file cannot be
       used; something could not be imported; the output could not be written; or you answered no
    2  the command line is wrong, or a file or module that it names is not there or not readable
    3  a job server or a database could not be reached, was lost or did not answer
    4  a job server refused the request, or does not know what it names
  130  interrupted

gearman-tx COMMAND --help describes a command. Under the name gearmand, for example by a symbolic
link, this program is the command gearmand.
"""


SUMMARIES: Final[Mapping[str, str]] = {
    "submit": "Submit jobs and print their results.",
    "work": "Run jobs with a command or with Python functions.",
    "status": "Show the functions, their jobs and their workers.",
    "workers": "Show the workers and their functions.",
    "clients": "Show all connections and what they do.",
    "jobs": "Show the jobs that wait or run, the oldest first.",
    "job": "Show jobs with all that is known of them.",
    "wait": "Wait until background jobs have ended.",
    "cancel": "Cancel jobs by their handles, or all jobs of functions.",
    "maxqueue": "Limit the jobs of a function.",
    "create": "Make functions known, before a job or a worker names them.",
    "drop": "Make job servers forget functions.",
    "store": "Show the state of the queue files.",
    "ping": "Check whether job servers answer, and how fast.",
    "check": "Check job servers, as a plugin of Nagios or Icinga.",
    "metrics": "Print the figures of job servers for Prometheus.",
    "ask": "Send a text command to job servers and print the replies.",
    "shutdown": "Stop job servers.",
    "backup": "Copy a queue file, also while a job server uses it.",
    "recover": "Recover the jobs of a damaged queue file.",
    "import": "Import the jobs of the C server's queue into a queue file.",
    "gearmand": "Run a job server; see gearmand --help.",
    "completion": "Print the completion script of a shell.",
    "help": "Describe a command.",
}
"""The commands, the most used ones first, and the first sentence of the help of each.

With them ``--help`` and the completion of commands import none of the modules of the commands, most
of which import Twisted.
"""

_ALIASES: Final[Mapping[str, str]] = {"functions": "status"}
_ATTRIBUTES: Final[Mapping[str, str]] = {  # "import" and "help" are Python's words
    "import": "import_queue",
    "help": "describe",
}


class _Commands(click.Group):
    """The commands of :data:`SUMMARIES`, each of which is imported when it is used."""

    @override
    def list_commands(self, ctx: click.Context) -> list[str]:
        """Click: return the names for the help and for completion."""
        return list(SUMMARIES)

    @override
    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Click: return a command by its name."""
        name = _ALIASES.get(cmd_name, cmd_name)
        if name in SUMMARIES and name not in self.commands:
            attribute = _ATTRIBUTES.get(name, name)
            module = import_module(f"gearman_tx.cli.{attribute}")
            self.add_command(terminal_options(getattr(module, attribute)), name)
        return super().get_command(ctx, name)

    @override
    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Click: find a command; an error names the one that may be meant."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            near = get_close_matches(args[0], [*SUMMARIES, *_ALIASES])
            if not near:
                raise
            text = f"No such command {args[0]!r}. Did you mean {' or '.join(near)}?"
            raise click.UsageError(text, ctx) from error

    @override
    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Click: write the commands into the help."""
        with formatter.section("Commands"):
            formatter.write_dl(list(SUMMARIES.items()))

    @override
    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Click: return what may stand in the place of ``incomplete``."""
        names = [
            CompletionItem(name, help=summary)
            for name, summary in SUMMARIES.items()
            if name.startswith(incomplete)
        ]
        return [*names, *click.Command.shell_complete(self, ctx, incomplete)]


@click.command(add_help_option=False, context_settings={"ignore_unknown_options": True})
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
def gearmand(words: tuple[str, ...]) -> int:
    """Run a job server; see gearmand --help."""
    from gearman_tx.gearmand.command import run  # noqa: PLC0415  # other commands start faster

    return run(words)


@click.group(cls=_Commands, context_settings=_CONTEXT, epilog=_EPILOG)
@click.version_option(__version__, "-V", "--version", message=f"gearman-tx %(version)s ({BUILD})")
@terminal_options
def commands() -> None:
    """Gearman at the command line: run and operate job servers, submit jobs and work on them.

    --server names the job servers and may be repeated. Its default is the environment variable
    GEARMAN_SERVERS, then localhost:4730.
    """


commands.add_command(gearmand)


def run_command(words: Sequence[str]) -> int:
    """Run one of the commands, print its error on stderr, and return the exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # a name may have letters that the terminal has not
            stream.reconfigure(errors="backslashreplace")
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
    except OSError as error:  # click has ended the program if nobody reads its output
        return _system_error(error)
    return status if isinstance(status, int) else 0


def _system_error(error: OSError) -> int:
    """Print why the system refused something, such as to write the output."""
    if isinstance(error, FileNotFoundError):
        from gearman_tx.daemon.working_folder import working_folder  # noqa: PLC0415  # for this alone

        try:
            working_folder()
        except GearmanError as gone:
            print_error(str(gone))
            return ExitStatus.USAGE
    what = error.filename or "cannot write the output"
    print_error(f"{what}: {error.strerror or error}")
    return ExitStatus.FAILED


def _usage_error(error: click.UsageError) -> int:
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        click.echo(error.format_message(), err=True)
        return ExitStatus.USAGE
    where = error.ctx.command_path if error.ctx is not None else PROGRAM
    message = error.format_message()
    end = "" if message.endswith("?") else ";"
    print_error(f"{message.rstrip('.')}{end} see {where} --help")
    return ExitStatus.USAGE
