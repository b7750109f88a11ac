"""Find a server for every submission, and another one when that is lost.

Theory of operation. The choice puts the servers in an order for each submission, and the first
that is not down takes it: it sends it, or holds it until it can. When all are down the submission
is *stranded* here until one comes back, or until it was without a server for too long.

A server that is lost gives back what it had not answered, in the order of submission, and each
goes to the next server. One of these may be the cause: a server that drops the connection over a
packet would be followed by the next server. It must be the one that was answered next, so that one
is doubted, and one that is doubted too often fails instead of being sent once more.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from random import Random
from typing import Any, Final

from twisted.internet.defer import Deferred, DeferredList, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from gearman_tx.client.after_read import AfterRead
from gearman_tx.client.choice import MakeChoice, make_choice
from gearman_tx.client.ports import Holder
from gearman_tx.client.server_link import Line
from gearman_tx.client.submission import Submission
from gearman_tx.errors import ConnectionLost, NoServer
from gearman_tx.link import Backoff, LinkLimits, Server, SocketSet, Turn

MOST_DOUBTS: Final = 3
"""Servers that may be lost when the same submission was the next to be answered."""


class Router:
    """The servers of one client.

    Args:
        servers: where to, at least one.
        reactor: connects, and tells the time.
        choice: which server is preferred, by name or as a function that makes a choice.
        random: draws delays and choices.
        limits: what each connection may cost.
        window: how many submissions a server may leave unanswered.
        accept_timeout: seconds that a submission may be without a server, or None for ever.

    Attributes:
        clock: tells the time and calls later.
        lines: the way to each server, in the order of the list.
        options: what every connection asks for first.
        after_read: calls functions when the packets of the present read are dealt with.

    Raises:
        ConfigurationError: the choice is not known, or an endpoint string is wrong.
    """

    def __init__(  # noqa: PLR0913  # the client is the only caller
        self,
        servers: Sequence[Server],
        reactor: Any,
        *,
        choice: str | MakeChoice,
        random: Random,
        limits: LinkLimits,
        window: int,
        accept_timeout: float | None,
    ) -> None:
        self.clock: IReactorTime = reactor
        self.options = [b"exceptions"]
        self.after_read = AfterRead()
        turn = Turn(reactor)
        sockets = SocketSet(reactor, turn)
        self.lines = [
            Line(
                self,
                server,
                reactor,
                turn,
                sockets,
                backoff=Backoff(reactor.seconds, random.random),
                limits=limits,
                window=window,
            )
            for server in servers
        ]
        self._choice = make_choice(choice, [server.name for server in servers], random)
        self._accept_timeout = accept_timeout
        self._stranded: OrderedDict[Submission[Any], None] = OrderedDict()
        self._expiry: IDelayedCall | None = None
        self._expecting: list[tuple[Callable[[], bool], Deferred[None]]] = []
        self._settling: list[Deferred[None]] = []
        self._open = 0
        self._is_started = False
        self._closed: ConnectionLost | None = None
        self._is_over = False  # nothing is open any more

    # ---------------------------------------------------------------------------- connections

    def when_up(self) -> Deferred[None]:
        """Begin to connect to all servers, if that is not done yet.

        Returns:
            Fires when one server is up; fails with NoServer when none was in the time that a
            submission may be without one, and with ConnectionLost when the client is closed.
        """
        return self._when(lambda: any(line.connection for line in self.lines))

    def when_tried(self) -> Deferred[None]:
        """Begin to connect to all servers, if that is not done yet.

        Returns:
            As :meth:`when_up`, but not while a server is up to which another one may be joined:
            fires when each is known to be up or down, and one is up.
        """
        return self._when(
            lambda: (
                any(line.connection for line in self.lines)
                and all(line.connection or line.is_down for line in self.lines)
            )
        )

    def when_up_or_down(self) -> Deferred[None]:
        """Begin to connect to all servers, if that is not done yet.

        Returns:
            As :meth:`when_up`, but fails with NoServer as soon as all of them are down.
        """
        return self._when(self._is_up_or_down)

    def _is_up_or_down(self) -> bool:
        if all(line.is_down for line in self.lines):
            raise NoServer(self._troubles())
        return any(line.connection for line in self.lines)

    def _when(self, reached: Callable[[], bool]) -> Deferred[None]:
        waiting: Deferred[None] = Deferred()
        if self._accept_timeout is not None:
            waiting.addTimeout(self._accept_timeout, self.clock, self._nothing_came)
        self._expecting.append((reached, waiting))
        self._start()
        self._tell_expecting()
        return waiting

    def _nothing_came(self, _result: object, timeout: float) -> None:
        raise NoServer(f"no job server was up in {timeout:g} seconds: {self._troubles()}")

    def _start(self) -> None:
        if not self._is_started and self._closed is None:
            self._is_started = True
            for line in self.lines:
                line.start()

    def _tell_expecting(self) -> None:
        """Fire what waited for the servers to be as they are now."""
        expecting, self._expecting = self._expecting, []
        for reached, waiting in expecting:
            if waiting.called:
                continue
            try:
                if self._closed is not None:
                    raise self._closed
                if reached():
                    waiting.callback(None)
                else:
                    self._expecting.append((reached, waiting))
            except ConnectionLost as error:
                waiting.errback(error)

    def _troubles(self) -> str:
        return "; ".join(str(line.trouble) for line in self.lines)

    def up(self, line: Line) -> None:
        """Line: submissions may be sent to this server."""
        assert not line.is_down, "a line that is up takes what is placed"
        stranded, self._stranded = self._stranded, OrderedDict()
        self._stop_expiry()
        for submission in stranded:
            self.place(submission)
        self._tell_expecting()

    def down(self, line: Line, unanswered: list[Submission[Any]]) -> None:
        """Line: this server is gone; what it did not answer and what waits for it moves."""
        if unanswered:
            self._doubt(unanswered[0], line)
        waiting, line.waiting = line.waiting, OrderedDict()
        for submission in [*unanswered, *waiting]:
            if not submission.is_done:
                self.place(submission)
        self._tell_expecting()

    def _doubt(self, submission: Submission[Any], line: Line) -> None:
        submission.doubts += 1
        if submission.doubts > MOST_DOUBTS:
            submission.holder = None
            text = f"{submission.doubts} connections were lost when this was to be answered next"
            submission.give_up(ConnectionLost(f"{text}: {line.trouble}"))

    # ---------------------------------------------------------------------------- submissions

    def opened(self) -> None:
        """Submission: one more needs a server."""
        self._open += 1

    def settled(self) -> None:
        """Submission: one of these was accepted, or is done without."""
        self._open -= 1
        if not self._open:
            settling, self._settling = self._settling, []
            for one in settling:
                if not one.called:
                    one.callback(None)

    def place(self, submission: Submission[Any], avoid: Holder | None = None) -> None:
        """Submission: give it to the first server that is not down, to ``avoid`` last."""
        if self._closed is not None:
            submission.holder = None
            submission.give_up(self._closed)
            return
        self._start()
        last = None
        for position in self._choice.order(submission.key):
            line = self.lines[position]
            if line.is_down:
                continue
            if line is not avoid:
                line.take(submission)
                return
            last = line
        if last is not None:
            last.take(submission)
        else:
            self._strand(submission)

    def forget(self, submission: Submission[Any]) -> None:
        """Holder: drop a submission that waits for any server."""
        self._stranded.pop(submission, None)

    def _strand(self, submission: Submission[Any]) -> None:
        """Hold ``submission`` until a server is up, or until it was without one for too long."""
        submission.holder = self
        self._stranded[submission] = None
        if self._accept_timeout is None:
            return
        if submission.deadline is None:
            submission.deadline = self.clock.seconds() + self._accept_timeout
        self._await_expiry(submission.deadline)

    def _await_expiry(self, deadline: float) -> None:
        """Have the stranded looked at when ``deadline`` comes, or earlier."""
        delay = max(0.0, deadline - self.clock.seconds())
        if self._expiry is None:
            self._expiry = self.clock.callLater(delay, self._expire)
        elif deadline < self._expiry.getTime():
            self._expiry.reset(delay)

    def _expire(self) -> None:
        self._expiry = None
        now = self.clock.seconds()
        for submission in list(self._stranded):
            deadline = submission.deadline
            assert deadline is not None, "set when it was stranded"
            if submission not in self._stranded:
                continue  # a caller that was told of another one's end cancelled it
            if deadline <= now:
                text = f"no job server was up in {self._accept_timeout:g} seconds"
                submission.give_up(NoServer(f"{text}: {self._troubles()}"))
            else:
                self._await_expiry(deadline)

    def _stop_expiry(self) -> None:
        if self._expiry is not None:
            self._expiry.cancel()
            self._expiry = None

    # ------------------------------------------------------------------------------ the end

    def close(self, wait: float) -> Deferred[None]:
        """Close all connections, after what is on its way was accepted.

        Args:
            wait: seconds that servers have for accepting it.

        Returns:
            Fires when nothing is open; never fails. Cancelling it ends the waiting.
        """
        if self._is_over:
            return succeed(None)  # perhaps for a caller whom the last line to close is telling now
        settled: Deferred[None] = Deferred()
        if self._open and self._closed is None and wait > 0:
            settled.addTimeout(wait, self.clock)
            self._settling.append(settled)
        else:
            settled.callback(None)
        return settled.addBoth(self._close)

    def _close(self, _settled: object) -> Deferred[None]:
        self._closed = ConnectionLost("the client was closed")
        self._stop_expiry()
        stranded, self._stranded = self._stranded, OrderedDict()
        for submission in stranded:
            submission.holder = None
            submission.give_up(self._closed)
        self._tell_expecting()
        stopped = [line.stop() for line in self.lines] if self._is_started else []
        return DeferredList(stopped).addCallback(self._nothing_is_open)

    def _nothing_is_open(self, _stopped: object) -> None:
        self._is_over = True
