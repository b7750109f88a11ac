"""Several worker processes: start them, start fresh ones in the place of those that ended.

Theory of operation. This process does nothing but wait: for a signal, or for the time when a
process that failed is tried again. Signals write their number into a socket pair, so none is missed
and none interrupts anything. The first SIGTERM or SIGINT is handed on, and lets the workers finish
what runs; the second one makes them give it back. Each worker leads a process group, so that Ctrl-C
reaches this process alone, and holds the reading end of a pipe by which it learns that this process
is gone.
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

from gearman_tx.cli import exit_status

GUARD: Final = "GEARMAN_TX_GUARD"
"""The variable that tells a worker the descriptor of the pipe it watches."""

SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)

_FIRST_DELAY: Final = 0.5
_LONGEST_DELAY: Final = 30.0
_PATIENT_DELAY: Final = 2.0  # somebody is mending it and wants to see that
_SOUND_SECONDS: Final = 60.0  # a worker that lived so long did not fail at its start


@define(eq=False)
class _Place:
    """The place of one worker, which processes take one after the other."""

    process: subprocess.Popen[bytes] | None = None
    begun: float = 0.0
    delay: float = 0.0
    due: float | None = 0.0


@define(eq=False)
class Supervisor:
    """Keeps ``count`` processes of ``command`` running until it is told to stop.

    Attributes:
        command: the command line of a worker.
        count: how many.
        is_patient: whether a worker whose command line or code is wrong is tried again, since
            somebody is mending it; otherwise that ends them all.
    """

    command: Sequence[str]
    count: int
    is_patient: bool
    _places: list[_Place] = field(factory=list, init=False)
    _is_stopping: bool = field(default=False, init=False)
    _status: int = field(default=0, init=False)

    def run(self) -> int:
        """Run until a signal came and all workers have ended; return the exit status."""
        ours, theirs = socket.socketpair()
        guard, held = os.pipe()
        for end in (ours, theirs):
            end.settimeout(0)
        before = {
            number: signal.signal(number, lambda *_: None) for number in (*SIGNALS, signal.SIGCHLD)
        }
        signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
        try:
            self._places = [_Place() for _ in range(self.count)]
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
        """Look after every place; return whether there is anything to wait for."""
        now = time.monotonic()
        for place in self._places:
            if place.process is not None and place.process.poll() is not None:
                self._ended(place, place.process.returncode, now)
        for place in self._places:
            if not self._is_stopping and place.due is not None and place.due <= now:
                place.process = subprocess.Popen(  # noqa: S603  # our own command line
                    self.command,
                    env={**os.environ, GUARD: str(guard)},
                    pass_fds=(guard,),
                    process_group=0,
                )
                place.begun, place.due = now, None
        return not self._is_stopping or any(place.process for place in self._places)

    def _ended(self, place: _Place, status: int, now: float) -> None:
        """Take note of the end of a worker; a failed one has to wait, each time longer."""
        place.process = None
        if self._is_stopping:
            return
        if status == exit_status.USAGE and not self.is_patient:
            self._status = status
            self._stop(signal.SIGTERM)
            return
        if status == 0 or now - place.begun > _SOUND_SECONDS:
            place.delay = 0.0
        else:
            longest = _PATIENT_DELAY if self.is_patient else _LONGEST_DELAY
            place.delay = min(max(place.delay * 2, _FIRST_DELAY), longest)
        place.due = now + place.delay

    def _wait(self, ours: socket.socket) -> None:
        """Wait for signals, or for the moment when a place is due."""
        due = [place.due for place in self._places if place.due is not None]
        seconds = None
        if due and not self._is_stopping:
            seconds = max(0.0, min(due) - time.monotonic())
        if select.select([ours], (), (), seconds)[0]:
            for number in ours.recv(4096):
                if number in SIGNALS:
                    self._stop(signal.Signals(number))

    def _stop(self, number: signal.Signals) -> None:
        self._is_stopping = True
        for place in self._places:
            if place.process is not None:
                place.process.send_signal(number)


def is_supervised() -> bool:
    """Return whether a supervisor started this process."""
    return GUARD in os.environ


def watch_guard() -> None:
    """In a worker: end as after SIGTERM when the supervisor is gone."""
    descriptor = os.environ.pop(GUARD, None)
    if descriptor is not None:
        thread = threading.Thread(target=_end_with, args=(int(descriptor),), daemon=True)
        thread.start()


def _end_with(descriptor: int) -> None:
    os.set_inheritable(descriptor, False)  # noqa: FBT003  # its own spelling
    os.read(descriptor, 1)
    os.kill(os.getpid(), signal.SIGTERM)
