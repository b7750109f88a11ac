"""Bring jobs and workers together: abilities, waking, grabbing.

Theory of operation. Order is by priority over all functions of a worker, then round robin over
its functions, then first in first out.

A function is *ready* for a priority while a worker may be given a job of it: while one is queued.
Only :meth:`Dispatch._refresh` decides that; grabbing, waking and falling asleep all look at
``ready``, so looking for work never walks over functions without any.

A queued job wakes one sleeping worker (or as many as the policy says), the one that fell asleep
last. ``Function.idle`` lists peers that may be asleep: a peer is put into the lists it is missing
from when it falls asleep, and taken out of one list when a wake-up finds it there. It stays in
the lists of its other functions, so a wake-up checks that the peer it finds is still asleep.
Falling asleep thus costs as many steps as wake-ups found the peer since, not as many as it has
functions.

What never happens: a job waits while a worker sleeps that could run it. So a wake-up is
repeated for another worker when the first one goes away, takes a job of another function, or does
not act within :data:`WAKE_PATIENCE` (see ``deadlines.py``).
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from gearman_tx.core.peer import Ability
from gearman_tx.core.states import KEPT, QUEUED, RUNNING

if TYPE_CHECKING:
    from collections import OrderedDict

    from gearman_tx.core.function import Function
    from gearman_tx.core.job import Job
    from gearman_tx.core.job_queue import JobQueue
    from gearman_tx.core.peer import Peer
    from gearman_tx.core.tables import Tables

WAKE_PATIENCE: Final = 0.1
"""How many seconds a woken worker may take to grab before another one is woken."""

LEAST_TIMEOUT: Final = 1.0
"""The shortest time limit of a job, in seconds: the C server's.

Many programs give CAN_DO_TIMEOUT seconds where milliseconds are meant. A limit of 30 milliseconds
would make each of their jobs run again and again.
"""

_FEW: Final = 8  # walking over so few functions is cheaper than choosing the shorter way


class Dispatch:
    """The verbs of workers that look for work.

    Attributes:
        tables: the shared state.
        ready: for high, normal and low, the functions of which a worker may be given a job.
        woken: wake-ups that the worker may not have acted on yet, oldest first: the time at which
            patience ends, the peer, and its count of wakes.
    """

    __slots__ = ("_assignments", "_registrations", "ready", "tables", "woken")

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self.ready: list[dict[Function, None]] = [{}, {}, {}]
        self.woken: deque[tuple[float, Peer, int]] = deque()
        self._registrations = 0
        self._assignments = 0

    def can_do(self, peer: Peer, name: bytes, timeout: float = 0.0) -> None:
        """Register ``peer`` as a worker for the function ``name``.

        Registering again only changes the timeout. A sleeping worker is woken if jobs of the
        function wait.

        Args:
            peer: the worker.
            name: the function's name.
            timeout: how many seconds a job may run; 0 and less is no limit, and a limit below
                :data:`LEAST_TIMEOUT` is raised to it.

        Raises:
            Refused: the name is too long, or too many functions are in use.
        """
        if 0 < timeout < LEAST_TIMEOUT:
            timeout = LEAST_TIMEOUT
        function = self.tables.function(name)
        known = peer.abilities.get(function)
        if known is not None:
            known.timeout = timeout
            return
        self._registrations += 1
        peer.abilities[function] = Ability(timeout, self._registrations, -self._registrations)
        peer.abilities.move_to_end(function, last=False)
        function.workers[peer] = None
        peer.unlisted[function] = None
        if peer.asleep:
            self._list(peer)
            if self._is_ready(function):
                self._wake_peer(peer, function)

    def cant_do(self, peer: Peer, name: bytes) -> None:
        """Take back a registration; jobs in progress stay with the worker."""
        function = self.tables.functions.get(name)
        if function is not None and function in peer.abilities:
            self._unregister(peer, function)

    def reset_abilities(self, peer: Peer) -> None:
        """Take back all registrations; jobs in progress stay with the worker."""
        for function in list(peer.abilities):
            self._unregister(peer, function)

    def _unregister(self, peer: Peer, function: Function) -> None:
        del peer.abilities[function]
        del function.workers[peer]
        peer.unlisted.pop(function, None)
        function.idle.pop(peer, None)
        if peer.woken_for is function:
            peer.woken_for = None
            self.wake(function)

    def pre_sleep(self, peer: Peer) -> None:
        """Put a worker to sleep, or wake it at once when there is a job for it."""
        if self._next_queue(peer) is not None:
            # The job that it was woken for may still wait, so woken_for stays as it is.
            peer.asleep = False
            peer.link.noop()
            return
        peer.woken_for = None
        peer.asleep = True
        if peer.unlisted:
            self._list(peer)

    def _list(self, peer: Peer) -> None:
        """Make a sleeping peer findable through all its functions."""
        for function in peer.unlisted:
            function.idle[peer] = None
        peer.unlisted.clear()

    def grab(self, peer: Peer) -> Job | None:
        """Give ``peer`` its next job and return it, or None when there is none for it."""
        woken_for = peer.woken_for
        peer.woken_for = None
        peer.asleep = False
        queue = self._next_queue(peer)
        if queue is None:
            return None
        job = queue.first
        assert job is not None, "a ready function has a first job"
        function = job.function
        self.dequeue(job)
        job.state = RUNNING
        job.worker = peer
        job.tries += 1
        function.running += 1
        peer.running[job] = self.tables.now
        ability = peer.abilities[function]
        if len(peer.abilities) > 1 and not self.tables.policy.function_by_function:
            self._assignments += 1
            ability.served = self._assignments
            peer.abilities.move_to_end(function)
        if ability.timeout > 0:
            self.tables.timeouts.start(self.tables.now + ability.timeout, job)
        if woken_for is not None and woken_for is not function:
            self.wake(woken_for)
        return job

    def release(self, job: Job) -> None:
        """Take a running job from its worker; it is in no queue yet."""
        worker = job.worker
        assert worker is not None, "a running job has a worker"
        del worker.running[job]
        job.worker = None
        job.function.running -= 1
        if job.timer is not None:
            self.tables.timeouts.cancel(job)

    def _next_queue(self, peer: Peer) -> JobQueue | None:
        """Return the queue whose first job ``peer`` would get next, or None."""
        abilities = peer.abilities
        if not abilities:
            return None
        if self.tables.policy.function_by_function:
            return self._newest_queue(abilities)
        priority = 0
        for ready in self.ready:
            if ready:
                function = _served_longest_ago(abilities, ready)
                if function is not None:
                    return function.queues[priority]
            priority += 1  # noqa: SIM113  # enumerate() makes tuples
        return None

    def _newest_queue(self, abilities: OrderedDict[Function, Ability]) -> JobQueue | None:
        """Return the next queue when functions are drained one by one, the newest first."""
        for function in abilities:
            priority = 0
            for ready in self.ready:
                if function in ready:
                    return function.queues[priority]
                priority += 1  # noqa: SIM113  # enumerate() makes tuples
        return None

    def _is_ready(self, function: Function) -> bool:
        """Return whether a worker may be given a job of ``function``, of any priority."""
        high, normal, low = self.ready
        return function in normal or function in high or function in low

    def _refresh(self, function: Function, priority: int) -> None:
        """List ``function`` as ready for ``priority``, or not; no other method decides it."""
        if function.queues[priority].size:
            self.ready[priority][function] = None
        else:
            del self.ready[priority][function]

    def enqueue(self, job: Job, *, first: bool = False) -> None:
        """Put ``job`` at the back of its queue, or at the front, and wake workers for it.

        After :meth:`Control.keep`, a background job without clients goes into no queue.
        """
        function = job.function
        if self.tables.keeping and job.background and not job.clients:
            job.state = KEPT
            function.kept += 1
            return
        job.state = QUEUED
        queue = function.queues[job.priority]
        if first:
            queue.prepend(job)
        else:
            queue.append(job)
        if queue.size == 1:
            self._refresh(function, job.priority)
        self.wake(function)

    def dequeue(self, job: Job) -> None:
        """Take ``job`` out of its queue, wherever it stands there."""
        queue = job.function.queues[job.priority]
        queue.remove(job)
        if not queue.size:
            self._refresh(job.function, job.priority)

    def wake(self, function: Function) -> None:
        """Wake sleeping workers of ``function`` if it is ready."""
        idle = function.idle
        if not idle or not self._is_ready(function):
            return
        left = self.tables.policy.worker_wakeup or len(idle)
        while idle and left:
            peer, _ = idle.popitem()
            peer.unlisted[function] = None
            if peer.asleep:
                self._wake_peer(peer, function)
                left -= 1

    def _wake_peer(self, peer: Peer, function: Function) -> None:
        peer.asleep = False
        peer.woken_for = function
        peer.wakes += 1
        peer.link.noop()
        self.woken.append((self.tables.now + WAKE_PATIENCE, peer, peer.wakes))


def _served_longest_ago(
    abilities: OrderedDict[Function, Ability], ready: dict[Function, None]
) -> Function | None:
    """Return the function of ``ready`` of which a worker with ``abilities`` got a job longest ago.

    It walks over the shorter of the two; both ways give the same function.
    """
    if len(ready) > _FEW and len(ready) * _FEW > len(abilities):
        for function in abilities:
            if function in ready:
                return function
        return None
    found: Function | None = None
    least = 0
    for function in ready:
        ability = abilities.get(function)
        if ability is not None and (found is None or ability.served < least):
            found = function
            least = ability.served
    return found
