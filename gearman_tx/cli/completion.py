"""``gearman-tx completion``: print the script by which a shell completes our commands."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

import click
from click.shell_completion import (
    BashComplete,
    CompletionItem,
    add_completion_class,
    get_completion_class,
    split_arg_string,
)
from typing_extensions import override

from gearman_tx.cli.errors import PROGRAM, ExitStatus, print_error

VARIABLE: Final = "_GEARMAN_TX_COMPLETE"
"""When the shell sets this variable, the program prints completions and does nothing else."""

_STEPS: Final = {
    "bash": ("put this line into ~/.bashrc", 'eval "$(gearman-tx completion bash)"'),
    "zsh": ("put this line into ~/.zshrc, after compinit", 'eval "$(gearman-tx completion zsh)"'),
    "fish": (
        "run this once",
        "gearman-tx completion fish > ~/.config/fish/completions/gearman-tx.fish",
    ),
}
_SPECIAL: Final = re.compile(r"([^\w@%+=:,./~\x80-\U0010ffff-])")  # bash would not take it as it is


class _Bash(BashComplete):
    """Completion for bash, whose own words end at each colon: handles and servers have colons.

    So the script passes the whole line on, and of a completed word it gets only what stands behind
    the last colon that was typed.
    """

    source_template = """\
%(complete_func)s() {
    local type value
    COMPREPLY=()
    while IFS=, read -r type value; do
        case $type in
            dir) compopt -o dirnames ;;
            file) compopt -o default ;;
            plain) COMPREPLY+=("$value") ;;
        esac
    done < <(env COMP_LINE="${COMP_LINE:0:COMP_POINT}" COMP_WORDBREAKS="$COMP_WORDBREAKS" \\
        %(complete_var)s=bash_complete "$1")
}

complete -o nosort -F %(complete_func)s %(prog_name)s
"""

    @override
    def get_completion_args(self) -> tuple[list[str], str]:
        """Click: return the words before the cursor, and the beginning of the word at it."""
        line = os.environ["COMP_LINE"]
        words = split_arg_string(line)
        if line[-1:].isspace():
            words.append("")
        self._typed = words[-1].rpartition("=")[2] if words[-1].startswith("-") else words[-1]
        return words[1:-1], words[-1]

    @override
    def format_completion(self, item: CompletionItem) -> str:
        """Click: return a line for the script."""
        value = str(item.value)
        if item.type == "plain":
            if ":" in os.environ.get("COMP_WORDBREAKS", ":"):
                value = value.removeprefix(self._typed[: self._typed.rfind(":") + 1])
            value = _SPECIAL.sub(r"\\\1", value)
        return f"{item.type},{value}"


add_completion_class(_Bash)


@click.command()
@click.argument("shell", type=click.Choice(list(_STEPS)), required=False)
def completion(shell: str | None) -> None:
    """Print the completion script of a shell.

    The Tab key then completes commands and options, and from the job servers the names of functions
    and the handles of jobs.

    \b
    bash: put this line into ~/.bashrc
      eval "$(gearman-tx completion bash)"
    zsh: put this line into ~/.zshrc, after compinit
      eval "$(gearman-tx completion zsh)"
    fish: run this once
      gearman-tx completion fish > ~/.config/fish/completions/gearman-tx.fish
    """
    if shell is None:
        mine = Path(os.environ.get("SHELL", "")).name
        shells = [mine] if mine in _STEPS else list(_STEPS)
        for name in shells:
            place, line = _STEPS[name]
            print_error(f"for {name}, {place}")
            click.echo(f"  {line}", err=True)
        raise click.exceptions.Exit(ExitStatus.USAGE)
    found = get_completion_class(shell)
    assert found is not None, "click has zsh and fish"
    root = click.get_current_context().find_root().command
    click.echo(found(root, {}, PROGRAM, VARIABLE).source())
