"""The front door of the room: from a line to its reply."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from gearman_tx.admin import answers
from gearman_tx.admin.verbs import SHUTDOWN, VERBS
from gearman_tx.errors import ConfigurationError, RemoteProtocolError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from gearman_tx.core import JobServer

VERBOSITIES: Final = (
    "FATAL",
    "ALERT",
    "CRITICAL",
    "ERROR",
    "WARNING",
    "NOTICE",
    "INFO",
    "DEBUG",
)
"""The C server's log levels, the fewest lines first."""

MAX_WORDS: Final = 5
"""A line with more words than this ends the connection, as in the C server."""

_BLANKS: Final = re.compile(rb" +")


class AdminCommands:
    """Answer the lines of the text protocol for one job server.

    Args:
        jobs: the queues to report on and to act on.
        version: what ``version`` answers, without the ``OK``.
        verbosity: what ``verbose`` answers, one of :data:`VERBOSITIES`.
        shutdown: called with whether to finish the jobs first when ``shutdown`` is asked for.
            The reply has not been written then, so it must not stop the server on the spot. None
            if the operator does not allow it; then ``shutdown`` is no command.
        store: gives the figures of the store that keeps background jobs, as names and values.
            None if they are in memory.

    Attributes:
        verbs: the commands by their first word in lower case.

    Raises:
        ConfigurationError: ``verbosity`` is not a level.
    """

    def __init__(
        self,
        jobs: JobServer,
        *,
        version: str,
        verbosity: str = "NOTICE",
        shutdown: Callable[[bool], None] | None = None,
        store: Callable[[], Iterable[tuple[str, str | int | float]]] | None = None,
    ) -> None:
        if verbosity not in VERBOSITIES:
            text = f"the verbosity {verbosity!r} is none of {', '.join(VERBOSITIES)}"
            raise ConfigurationError(text)
        self.jobs = jobs
        self.version = version
        self.verbosity = verbosity
        self.shutdown = shutdown
        self.store = store or _in_memory
        self.verbs = VERBS if shutdown is None else {**VERBS, **SHUTDOWN}

    def reply(self, line: bytes) -> Iterator[bytes]:
        """Return the reply to one line, in pieces to be joined and written at once.

        Nothing is done before the first piece is taken: then the command acts, or the list that
        is reported is fixed. Each row of it is read when its piece is taken, and rows of what
        has ended by then are left out. Iterating never raises.

        Args:
            line: the line without its end. Words are separated by blanks; the first one and
                keywords are compared without regard to case. A leading blank makes an empty
                first word, a trailing one an empty last word, and a word ends at a NUL, as in
                the C server.

        Returns:
            The pieces, of which some may be empty. Joined they end in a line end.

        Raises:
            RemoteProtocolError: the line has more than :data:`MAX_WORDS` words; the connection
                is to be closed.
        """
        words = [word.partition(b"\0")[0] for word in _BLANKS.split(line, MAX_WORDS)]
        if len(words) > MAX_WORDS:
            raise RemoteProtocolError(f"a text command has more than {MAX_WORDS} words")
        verb = self.verbs.get(words[0].lower())
        if verb is None:
            return iter((answers.unknown_command(words[0]),))
        return verb.run(self, words)


def _in_memory() -> Iterator[tuple[str, str]]:
    """Yield all there is to say of a queue that no store keeps."""
    yield "kind", "builtin"
