"""Put one job server together: the core, its connections, its durable queue and its shutdown.

The daemon, the test kit and programs that embed a job server use it. The text protocol is in a room
above this one, so the caller makes its commands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gearman_tx.core import JobServer
from gearman_tx.server.durable_queue import DurableQueue
from gearman_tx.server.factory import ConnectionLimits, GearmanFactory
from gearman_tx.server.shutdown import Shutdown

if TYPE_CHECKING:
    from collections.abc import Callable

    from twisted.internet.interfaces import IReactorTime
    from twisted.logger import Logger

    from gearman_tx.core import Policy
    from gearman_tx.server.durable_queue import Figure
    from gearman_tx.server.log import ServerLog
    from gearman_tx.server.shutdown import Listening
    from gearman_tx.server.text_side import TextCommands
    from gearman_tx.store import Store


class Wiring:
    """A job server that listens on nothing yet.

    Args:
        policy: the operator's decisions.
        clock: the reactor, for its time.
        unix_time: returns the time by the system clock, in Unix seconds.
        server_log: the log.
        make_commands: returns the commands of the text protocol. Its argument is this object, which
            has only :attr:`job_server` then; its methods may be called later.
        store: the store of background jobs, not open yet; with None, or a store that is not
            durable, the queue is in memory.
        first_id: the first job's id of a queue in memory; a durable store has ids of its own.
        limits: the limits of connections; None for the defaults.

    Attributes:
        job_server: the core.
        factory: the connections.
        queue: the durable queue, not open yet; None if the queue is in memory.
        shutdown: its shutdown, once :meth:`end_with` was called.
    """

    shutdown: Shutdown

    def __init__(  # noqa: PLR0913  # one argument for each part
        self,
        policy: Policy,
        clock: IReactorTime,
        unix_time: Callable[[], float],
        server_log: ServerLog,
        make_commands: Callable[[Wiring], TextCommands],
        *,
        store: Store | None = None,
        first_id: int = 1,
        limits: ConnectionLimits | None = None,
    ) -> None:
        is_durable = store is not None and store.durable
        self.job_server = job_server = JobServer(
            policy, server_log, now=clock.seconds(), first_id=first_id, durable=is_durable
        )
        self.factory = factory = GearmanFactory(
            job_server,
            clock,
            unix_time,
            server_log,
            make_commands(self),
            limits or ConnectionLimits(),
        )
        self.queue: DurableQueue | None = None
        if store is not None and is_durable:
            self.queue = DurableQueue(job_server, store, factory, server_log)

    def end_with(
        self, listening: Listening, timeout: float, stop: Callable[[], Any], log: Logger
    ) -> Shutdown:
        """Make :attr:`shutdown`.

        Args:
            listening: the listening ports.
            timeout: seconds that a graceful shutdown waits for jobs, or ``NO_DEADLINE``.
            stop: ends the process; called once.
            log: the log of the steps.
        """
        self.shutdown = Shutdown(self.job_server, self.factory, listening, timeout, stop, log)
        return self.shutdown

    def shut_down(self, graceful: bool) -> None:  # noqa: FBT001  # the text command's signature
        """Stop as the text command asks, once its reply is written."""
        self.shutdown.command(graceful)

    def figures(self) -> list[Figure]:
        """Return the state of the queue, as names and values, for reports."""
        return [("kind", "builtin")] if self.queue is None else self.queue.figures()
