"""The entry of the room on the server's side: from a line to its reply."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from gearman_tx.admin import answers
from gearman_tx.admin.request import Request, ServerContext
from gearman_tx.admin.verbs import SHUTDOWN, VERBS
from gearman_tx.errors import ConfigurationError, RemoteProtocolError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from gearman_tx.admin.request import Verb
    from gearman_tx.core import JobServer, Peer

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
"""The C server's log levels, the one with the fewest lines first."""

MAX_WORDS: Final = 5
"""A line with more words than this ends the connection, as in the C server."""

_BLANKS: Final = re.compile(rb" +")


class AdminCommands:
    """Answer the lines of the text protocol for one job server.

    Args:
        job_server: the queues to report on and to act on.
        version: the version that ``version`` answers, without the ``OK``.
        verbosity: the level that ``verbose`` answers, one of :data:`VERBOSITIES`.
        shutdown: called when ``shutdown`` is asked for, with whether to finish the jobs first.
            The reply is written afterwards, so it must not stop the server before it returns. None
            if the operator does not allow shutdown; then ``shutdown`` is an unknown command.
        store: returns the figures of the store that keeps background jobs, as names and values.
            None if background jobs are kept in memory.

    Attributes:
        verbs: the commands by their first word in lower case.

    Raises:
        ConfigurationError: ``verbosity`` is not a level.
    """

    def __init__(
        self,
        job_server: JobServer,
        *,
        version: str,
        verbosity: str = "NOTICE",
        shutdown: Callable[[bool], None] | None = None,
        store: Callable[[], Iterable[tuple[str, str | int | float]]] | None = None,
    ) -> None:
        if verbosity not in VERBOSITIES:
            text = f"the verbosity {verbosity!r} is none of {', '.join(VERBOSITIES)}"
            raise ConfigurationError(text)
        self.verbs = VERBS if shutdown is None else {**VERBS, **SHUTDOWN}
        self._server = ServerContext(
            job_server, version, verbosity, shutdown, store or _in_memory, self.verbs
        )

    def reply(self, peer: Peer, line: bytes) -> Iterator[bytes]:
        """Return the reply to one line, in pieces to be joined and written at once.

        Nothing is done before the first piece is taken: then the command acts, or the list that
        is reported is fixed. Each row of it is read when its piece is taken; a row whose job,
        function or connection has ended by then is left out. Iterating never raises.

        Args:
            peer: the connection that sent the line.
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
        verb = self._verb(words[0])
        if verb is None:
            return iter((answers.unknown_command(words[0]),))
        return verb.run(Request(self._server, peer, words))

    def changes(self, line: bytes) -> bool:
        """Return whether the command in ``line`` may change functions or jobs.

        Args:
            line: a line as :meth:`reply` takes it. Only its first word counts.
        """
        verb = self._verb(line.partition(b" ")[0].partition(b"\0")[0])
        return verb is not None and verb.changes

    def _verb(self, word: bytes) -> Verb | None:
        return self.verbs.get(word.lower())


def _in_memory() -> Iterator[tuple[str, str]]:
    """Yield the one figure of a queue in memory."""
    yield "kind", "builtin"
