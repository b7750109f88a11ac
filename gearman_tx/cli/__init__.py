"""The command ``gearman-tx``: a front door for people, scripts and unit files."""

from gearman_tx.cli.main import main

__all__ = ["main"]
