"""The working folder, which may have been removed since the program was started."""

from __future__ import annotations

from pathlib import Path

from gearman_tx.errors import ConfigurationError


def working_folder() -> Path:
    """Return the working folder.

    Raises:
        ConfigurationError: it was removed.
    """
    try:
        return Path.cwd()
    except FileNotFoundError as error:
        text = "the working folder was removed: change to another folder"
        raise ConfigurationError(text) from error


def absolute(path: str | Path) -> Path:
    """Return ``path`` as it is from the root folder.

    Raises:
        ConfigurationError: it begins in the working folder, which was removed.
    """
    path = Path(path)
    return path if path.is_absolute() else working_folder() / path
