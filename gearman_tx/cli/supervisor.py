"""Run several worker processes, and replace those that end.

Theory of operation. The supervisor only waits: for a signal, or for the time at which it starts a
failed worker again. Signals write their numbers into a socket pair, so no signal is missed and none
interrupts a step. The supervisor passes each SIGTERM and SIGINT on. The first one lets the workers
finish their jobs; the second one makes them give their jobs back. Each worker leads a process
group, so Ctrl-C reaches only the supervisor. Each worker also holds the reading end of a pipe,
whose end of file tells it that the supervisor has died.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Sequence
from typing import Final

from attrs import define, field

from gearman_tx.cli.errors import ExitStatus

GUARD: Final = "GEARMAN_TX_GUARD"
"""The variable with the descriptor of the pipe that a worker watches."""

SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)

# Seconds before a failed worker is started again.
_FIRST_DELAY: Final = 0.5
_LONGEST_DELAY: Final = 30.0
_LONGEST_RELOAD_DELAY: Final = 2.0  # with --reload, where the developer waits for it

_STABLE_SECONDS: Final = 60.0  # a worker that ran so long did not fail at its start


@define(eq=False)
class _Slot:
    """One of the workers: its process, or the time at which the next process is started.

    Attributes:
        process: the running process.
        started: the time of its start.
        delay: seconds before the next start after a failure.
        due: the time of the next start, or None while a process runs.
    """

    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    delay: float = 0.0
    due: float | None = 0.0


@define(eq=False)
class Supervisor:
    """Keeps ``count`` processes of ``command`` running until a signal stops them.

    Attributes:
        command: the command line of a worker.
        count: the number of processes.
        reloads: whether a worker whose command line or code is wrong is started again, because a
            developer is changing the code; otherwise such a worker ends all of them.
    """

    command: Sequence[str]
    count: int
    reloads: bool
    _slots: list[_Slot] = field(factory=list, init=False)
    _is_stopping: bool = field(default=False, init=False)
    _status: int = field(default=0, init=False)

    def run(self) -> int:
        """Run until a signal has come and all workers have ended; return the exit status."""
        ours, theirs = socket.socketpair()
        guard, held = os.pipe()
        for end in (ours, theirs):
            end.settimeout(0)
        before = {
            number: signal.signal(number, lambda *_: None) for number in (*SIGNALS, signal.SIGCHLD)
        }
        signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
        try:
            self._slots = [_Slot() for _ in range(self.count)]
            while self._step(guard):
                self._wait(ours)
        finally:
            signal.set_wakeup_fd(-1)
            for number, handler in before.items():
                signal.signal(number, handler)
            os.close(held)
            os.close(guard)
            ours.close()
            theirs.close()
        return self._status

    def _step(self, guard: int) -> bool:
        """Notice ended workers and start due ones; return whether to go on waiting."""
        now = time.monotonic()
        for slot in self._slots:
            if slot.process is not None and slot.process.poll() is not None:
                self._ended(slot, slot.process.returncode, now)
        for slot in self._slots:
            if not self._is_stopping and slot.due is not None and slot.due <= now:
                slot.process = subprocess.Popen(  # noqa: S603  # our own command line
                    self.command,
                    env={**os.environ, GUARD: str(guard)},
                    pass_fds=(guard,),
                    process_group=0,
                )
                slot.started, slot.due = now, None
        return not self._is_stopping or any(slot.process for slot in self._slots)

    def _ended(self, slot: _Slot, status: int, now: float) -> None:
        """Plan the next start of a worker; each failure in a row doubles the delay."""
        slot.process = None
        if self._is_stopping:
            return
        if status == ExitStatus.USAGE and not self.reloads:
            self._status = status
            self._stop(signal.SIGTERM)
            return
        if status == 0 or now - slot.started > _STABLE_SECONDS:
            slot.delay = 0.0
        else:
            longest = _LONGEST_RELOAD_DELAY if self.reloads else _LONGEST_DELAY
            slot.delay = min(max(slot.delay * 2, _FIRST_DELAY), longest)
        slot.due = now + slot.delay

    def _wait(self, ours: socket.socket) -> None:
        """Wait for signals, or for the time of the next start."""
        due = [slot.due for slot in self._slots if slot.due is not None]
        seconds = None
        if due and not self._is_stopping:
            seconds = max(0.0, min(due) - time.monotonic())
        if select.select([ours], (), (), seconds)[0]:
            for number in ours.recv(4096):
                if number in SIGNALS:
                    self._stop(signal.Signals(number))

    def _stop(self, number: signal.Signals) -> None:
        self._is_stopping = True
        for slot in self._slots:
            if slot.process is not None:
                slot.process.send_signal(number)


def is_supervised() -> bool:
    """Return whether a supervisor started this process."""
    return GUARD in os.environ


def watch_supervisor() -> None:
    """In a worker: when the supervisor dies, end as after SIGTERM."""
    descriptor = os.environ.pop(GUARD, None)
    if descriptor is not None:
        thread = threading.Thread(target=_await_end, args=(int(descriptor),), daemon=True)
        thread.start()


def _await_end(descriptor: int) -> None:
    """In a thread: wait for the end of file of the pipe."""
    os.set_inheritable(descriptor, False)  # noqa: FBT003  # os's signature
    os.read(descriptor, 1)
    os.kill(os.getpid(), signal.SIGTERM)
