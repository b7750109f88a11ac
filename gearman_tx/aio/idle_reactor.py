"""A reactor that never runs, for what is made only to check its arguments."""

from __future__ import annotations

from typing import Any, NoReturn

from twisted.internet.interfaces import IReactorPluggableNameResolver
from twisted.internet.task import Clock
from zope.interface import implementer


@implementer(IReactorPluggableNameResolver)
class IdleReactor(Clock):
    """Takes part in the making of clients and workers; they are never started on it."""

    nameResolver: Any = None  # noqa: N815  # Twisted's name

    def installNameResolver(self, resolver: Any) -> NoReturn:  # noqa: N802  # Twisted's name
        """Twisted: never called."""
        raise NotImplementedError(f"{resolver} would resolve nothing here")
