"""The names that commands take: functions, handles and job servers. The Tab key completes them."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import click
from click.shell_completion import CompletionItem
from typing_extensions import override

from gearman_tx.admin import unescape
from gearman_tx.cli import suggestions
from gearman_tx.cli.parameters import ParameterType

DEFAULT_SERVER: Final = "localhost:4730"
SERVERS_VARIABLE: Final = "GEARMAN_SERVERS"


class _FromServers(ParameterType):
    """A name that job servers know.

    Args:
        name: what it is.
        ask: returns the names that servers know, with a word about each.
    """

    def __init__(self, name: str, ask: Callable[[Sequence[str]], Mapping[str, str]]) -> None:
        self.name = name
        self._ask = ask

    @override
    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Click: return what may stand in the place of ``incomplete``."""
        given = ctx.params.get("servers") or default_servers()
        return [
            CompletionItem(name, help=about or None)
            for name, about in self._ask(given).items()
            if name.startswith(incomplete) and name.isprintable()
        ]


class _Server(ParameterType):
    """The name of a job server."""

    name = "server"

    @override
    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Click: return what may stand in the place of ``incomplete``."""
        known = dict.fromkeys([*default_servers(), DEFAULT_SERVER])
        return [CompletionItem(name) for name in known if name.startswith(incomplete)]


FUNCTION: Final = _FromServers("function", suggestions.function_names)
"""The name of a function."""

HANDLE: Final = _FromServers("handle", suggestions.handles)
"""The handle of a job."""

SERVER: Final = _Server()
"""The name of a job server."""


def default_servers() -> list[str]:
    """Return the names of the job servers that are used when the command line names none."""
    return split_servers([os.environ.get(SERVERS_VARIABLE, "")]) or [DEFAULT_SERVER]


def split_servers(words: Sequence[str]) -> list[str]:
    """Return the names in ``words``, each of which may hold several between commas."""
    return [name.strip() for word in words for name in word.split(",") if name.strip()]


def as_bytes(word: str) -> bytes:
    r"""Return the function or handle that ``word`` means; as in reports, ``\xNN`` is a byte."""
    return unescape(word.encode("utf-8", "surrogateescape"))
