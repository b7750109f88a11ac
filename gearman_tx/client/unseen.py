"""A failure that nobody can see any more is logged, so that it is not lost."""

from __future__ import annotations

from typing import Final

from attrs import define, field
from twisted.logger import Logger

_NOT_SEEN: Final = "a task of {function} failed and nobody asked for its result: {error}"

_log = Logger()


@define(eq=False)
class Unseen:
    """The failure of a task for whose result nobody has asked; kept by the submission alone.

    It is made for a failure only: to tell the interpreter of every submission that its end is
    looked at would cost all that succeed.

    Attributes:
        function: what was to be done.
        error: why it was not.
        is_seen: whether somebody has asked meanwhile.
    """

    function: bytes
    error: Exception
    is_seen: bool = field(default=False, init=False)

    def __del__(self) -> None:
        if not self.is_seen:
            name = self.function.decode("utf-8", "replace")
            _log.warn(_NOT_SEEN, function=name, error=self.error)
