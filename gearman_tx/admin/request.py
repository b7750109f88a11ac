"""What a text command works with: the server that it is sent to, who asks, and its words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from gearman_tx.core import JobServer, Peer


@frozen
class ServerContext:
    """The job server that commands report on and act on.

    Attributes:
        job_server: the queues.
        version: the version of the server.
        verbosity: the name of its log level.
        shutdown: called with whether the jobs are to be finished first; None if the operator does
            not allow it.
        store: returns the figures of the store of background jobs, as names and values.
        verbs: the commands by their first word in lower case.
    """

    job_server: JobServer
    version: str
    verbosity: str
    shutdown: Callable[[bool], None] | None
    store: Callable[[], Iterable[tuple[str, str | int | float]]]
    verbs: Mapping[bytes, Verb]


@frozen
class Request:
    """One text command.

    Attributes:
        server: the server that the command is sent to.
        peer: the connection that sent it.
        words: the words of the line, the command first, each as it was typed.
    """

    server: ServerContext
    peer: Peer
    words: Sequence[bytes]

    @property
    def job_server(self) -> JobServer:
        """The queues of the server."""
        return self.server.job_server


@frozen
class Verb:
    """The meaning of a first word.

    Attributes:
        run: yields the reply to a request. It is a generator: it does nothing before its first
            piece is taken.
        usages: each command that starts with the word, and a line of help for it.
        changes: whether a command that starts with the word may change functions or jobs. Such a
            command waits until a starting server has loaded its stored jobs.
    """

    run: Callable[[Request], Iterator[bytes]]
    usages: tuple[tuple[str, str], ...]
    changes: bool = False
