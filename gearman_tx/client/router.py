"""Find a server for every submission, and another one when that server is lost.

Theory of operation. The choice puts the servers in an order for each submission. The first server
that is neither down nor late takes it: it sends the submission, or holds it until it can. When
there is none, the submission is *stranded* in the router until a server is up again, or until it
has been without a server for too long.

Before the first attempt to connect has ended, a server may be up in a millisecond or never: packets
to a host that is switched off are not answered at all. So submissions wait for it for a moment
only.

A lost server returns the submissions that it had not answered, in order, and each goes to the next
server. One of them may be the cause: a packet that makes one server drop the connection would make
the next one do so too. Servers answer in order, so the cause must be the submission that was to be
answered next. The router counts such losses as *doubts*; a submission with too many doubts fails
instead of being sent once more.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from random import Random
from typing import Any, Final

from twisted.internet.defer import Deferred, DeferredList, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from gearman_tx.client.choice import MakeChoice, make_choice
from gearman_tx.client.lazy_reading import AfterRead
from gearman_tx.client.ports import Holder
from gearman_tx.client.server_link import ServerLink
from gearman_tx.client.submission import Submission
from gearman_tx.errors import ConnectionLost, NoServer
from gearman_tx.link import Backoff, LinkLimits, Server, SocketSet, Turn

MOMENT: Final = 1.0
"""Seconds for which submissions wait for a server that is being connected for the first time."""

MOST_DOUBTS: Final = 3
"""How many servers may be lost while the same submission was to be answered next."""


class Router:
    """The servers of one client.

    Args:
        servers: the addresses of the servers, at least one.
        reactor: connects, and tells the time.
        choice: which server is preferred, by name or as a function that makes a choice.
        random: draws delays and choices.
        limits: what each connection may cost.
        window: how many submissions a server may leave unanswered.
        accept_timeout: seconds that a submission may be without a server, or None forever.

    Attributes:
        clock: tells the time and calls later.
        links: the link to each server, in the order of the list.
        options: the options that every new connection asks for.
        after_read: calls functions when the packets of the present read are handled.

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
        self.links = [
            ServerLink(
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
        self._moment: IDelayedCall | None = None
        self._waiting: list[tuple[Callable[[], bool], Deferred[None]]] = []
        self._settling: list[Deferred[None]] = []
        self._open = 0
        self._is_started = False
        self._closed: ConnectionLost | None = None
        self._is_over = False  # every connection is closed

    # ---------------------------------------------------------------------------- connections

    def when_up(self) -> Deferred[None]:
        """Begin to connect to all servers, if that is not done yet.

        Returns:
            Fires when one server is up. Fails with NoServer when none was up within the time that
            a submission may be without one, and with ConnectionLost when the client is closed.
        """
        return self._when(lambda: any(link.connection for link in self.links))

    def when_tried(self) -> Deferred[None]:
        """Begin to connect to all servers, if that is not done yet.

        Returns:
            As :meth:`when_up`, but waits until each server is known to be up, down or late.
        """
        return self._when(
            lambda: (
                any(link.connection for link in self.links)
                and all(link.connection or link.is_down or link.is_late for link in self.links)
            )
        )

    def when_up_or_down(self) -> Deferred[None]:
        """Begin to connect to all servers, if that is not done yet.

        Returns:
            As :meth:`when_up`, but fails with NoServer as soon as all of them are down.
        """
        return self._when(self._is_up_or_down)

    def _is_up_or_down(self) -> bool:
        if all(link.is_down for link in self.links):
            raise NoServer(self._reasons())
        return any(link.connection for link in self.links)

    def _when(self, is_reached: Callable[[], bool]) -> Deferred[None]:
        waiting: Deferred[None] = Deferred()
        if self._accept_timeout is not None:
            waiting.addTimeout(self._accept_timeout, self.clock, self._none_was_up)
        self._waiting.append((is_reached, waiting))
        self._start()
        self._fire_waiting()
        return waiting

    def _none_was_up(self, _result: object, timeout: float) -> None:
        raise NoServer(f"no job server was up in {timeout:g} seconds: {self._reasons()}")

    def _start(self) -> None:
        if not self._is_started and self._closed is None:
            self._is_started = True
            self._moment = self.clock.callLater(MOMENT, self._moment_is_over)
            for link in self.links:
                link.start()

    def _stop_moment(self) -> None:
        if self._moment is not None:
            self._moment.cancel()
            self._moment = None

    def _moment_is_over(self) -> None:
        """Take what waits for late servers to others."""
        self._moment = None
        for link in self.links:
            link.moment_is_over()
        for link in self.links:
            if link.is_late:
                self._move_on(link)
        self._fire_waiting()

    def _move_on(self, link: ServerLink) -> None:
        """Give the submissions that wait at ``link`` to other servers."""
        waiting, link.waiting = link.waiting, OrderedDict()
        for submission in waiting:
            if not submission.is_done:
                self.place(submission)

    def _fire_waiting(self) -> None:
        """Fire the Deferreds whose condition the servers now meet."""
        if all(link.connection or link.is_down for link in self.links):
            self._stop_moment()
        waiting_before, self._waiting = self._waiting, []
        for is_reached, waiting in waiting_before:
            if waiting.called:
                continue
            try:
                if self._closed is not None:
                    raise self._closed
                if is_reached():
                    waiting.callback(None)
                else:
                    self._waiting.append((is_reached, waiting))
            except ConnectionLost as error:
                waiting.errback(error)

    def _reasons(self) -> str:
        return "; ".join(str(link.down_reason) for link in self.links)

    def up(self, link: ServerLink) -> None:
        """ServerLink: submissions may be sent to this server."""
        assert not link.is_down, "a server that is up takes every submission placed with it"
        stranded, self._stranded = self._stranded, OrderedDict()
        self._stop_expiry()
        for submission in stranded:
            self.place(submission)
        self._fire_waiting()

    def down(self, link: ServerLink, unanswered: list[Submission[Any]]) -> None:
        """ServerLink: this server is gone; its unanswered and waiting submissions move on."""
        if unanswered:
            self._doubt(unanswered[0], link)
        for submission in unanswered:
            if not submission.is_done:
                self.place(submission)
        self._move_on(link)
        self._fire_waiting()

    def _doubt(self, submission: Submission[Any], link: ServerLink) -> None:
        submission.doubts += 1
        if submission.doubts > MOST_DOUBTS:
            submission.holder = None
            text = f"{submission.doubts} connections were lost when this was to be answered next"
            submission.give_up(ConnectionLost(f"{text}: {link.down_reason}"))

    # ---------------------------------------------------------------------------- submissions

    def opened(self) -> None:
        """Submission: one more waits to be accepted."""
        self._open += 1

    def settled(self) -> None:
        """Submission: one of these was accepted, or has ended without that."""
        self._open -= 1
        if not self._open:
            settling, self._settling = self._settling, []
            for one in settling:
                if not one.called:
                    one.callback(None)

    def place(self, submission: Submission[Any], avoid: Holder | None = None) -> None:
        """Submission: give it to the first server that takes it, to ``avoid`` last."""
        if self._closed is not None:
            submission.holder = None
            submission.give_up(self._closed)
            return
        self._start()
        last = None
        for position in self._choice.order(submission.key):
            link = self.links[position]
            if link.is_down or link.is_late:
                continue
            if link is not avoid:
                link.take(submission)
                return
            last = link
        if last is not None:
            last.take(submission)
        else:
            self._strand(submission)

    def forget(self, submission: Submission[Any]) -> None:
        """Holder: drop a submission that waits for any server."""
        self._stranded.pop(submission, None)

    def _strand(self, submission: Submission[Any]) -> None:
        """Hold ``submission`` until a server is up, or until its time without one is over."""
        submission.holder = self
        self._stranded[submission] = None
        if self._accept_timeout is None:
            return
        if submission.deadline is None:
            submission.deadline = self.clock.seconds() + self._accept_timeout
        self._await_expiry(submission.deadline)

    def _await_expiry(self, deadline: float) -> None:
        """Check the stranded submissions at ``deadline`` or earlier."""
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
                continue  # cancelled by the caller when another submission ended
            if deadline <= now:
                text = f"no job server was up in {self._accept_timeout:g} seconds"
                submission.give_up(NoServer(f"{text}: {self._reasons()}"))
            else:
                self._await_expiry(deadline)

    def _stop_expiry(self) -> None:
        if self._expiry is not None:
            self._expiry.cancel()
            self._expiry = None

    # ------------------------------------------------------------------------------ the end

    def close(self, wait: float) -> Deferred[None]:
        """Close all connections, after the open submissions were accepted.

        Args:
            wait: seconds that servers have for accepting them.

        Returns:
            Fires when every connection is closed; never fails. Cancelling it ends the waiting.
        """
        if self._is_over:
            return succeed(None)  # a callback of the first close() may call it again
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
        self._stop_moment()
        stranded, self._stranded = self._stranded, OrderedDict()
        for submission in stranded:
            submission.holder = None
            submission.give_up(self._closed)
        self._fire_waiting()
        stopped = [link.stop() for link in self.links] if self._is_started else []
        return DeferredList(stopped).addCallback(self._all_closed)

    def _all_closed(self, _stopped: object) -> None:
        self._is_over = True
