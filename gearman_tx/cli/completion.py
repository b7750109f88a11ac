"""``gearman-tx completion``: print the script by which a shell completes our commands."""

from __future__ import annotations

from typing import Final

import click
from click.shell_completion import get_completion_class

from gearman_tx.cli.errors import PROGRAM

VARIABLE: Final = "_GEARMAN_TX_COMPLETE"
"""When the shell sets this variable, the program prints completions and does nothing else."""


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script of a shell.

    \b
    bash: put this line into ~/.bashrc
      eval "$(gearman-tx completion bash)"
    zsh: put this line into ~/.zshrc, after compinit
      eval "$(gearman-tx completion zsh)"
    fish: run this once
      gearman-tx completion fish > ~/.config/fish/completions/gearman-tx.fish
    """
    found = get_completion_class(shell)
    assert found is not None, "click has these three"
    root = click.get_current_context().find_root().command
    click.echo(found(root, {}, PROGRAM, VARIABLE).source())
