"""``gearman-tx help``: describe a command."""

from __future__ import annotations

import click


@click.command("help")
@click.argument("command", required=False)
def describe(command: str | None) -> None:
    """Describe a command.

    gearman-tx help COMMAND prints what gearman-tx COMMAND --help prints. Without COMMAND, the
    commands are listed.

    \b
    Examples:
      gearman-tx help
      gearman-tx help status
    """
    root = click.get_current_context().find_root()
    assert isinstance(root.command, click.Group), "the commands are a group"
    if command is None:
        click.echo(root.get_help())
        return
    root.command.main([command, "--help"], prog_name=root.info_name, standalone_mode=False)
