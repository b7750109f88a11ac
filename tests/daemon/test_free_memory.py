"""Memory that is free again after a burst is given back to the system."""

from __future__ import annotations

import platform
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from attrs import define, field
from twisted.internet.task import Clock

from gearman_tx.daemon.free_memory import GROWTH, KEPT, PAUSE, Allocator, FreeMemory
from gearman_tx.testing import ServerProcess
from gearman_tx.wire import RESPONSE_MAGIC, PacketDecoder
from tests.daemon.process import until
from tests.loopback.load import pack
from tests.loopback.memory import MEBIBYTE, resident
from tests.loopback.speaker import (
    CAN_DO,
    GRAB_JOB,
    JOB_ASSIGN,
    NO_JOB,
    SUBMIT_JOB_BG,
    WORK_COMPLETE,
    Speaker,
)
from tests.support.servers import running, start_our_server

JOBS = 20_000
SIZE = 5_000

needs_glibc = pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="only the GNU C library can be asked for its memory"
)


@define(eq=False)
class FakeAllocator(Allocator):
    """An allocator with the figures that a test gives it.

    Attributes:
        can_give_back: whether it is the GNU C library's.
        live: how many bytes are in use.
        empty: how many bytes are free and were not given back.
        given: how many bytes were given back, and are still free.
        calls: how often memory was given back.
    """

    can_give_back: bool = True
    live: int = 50 * MEBIBYTE
    empty: int = 0
    given: int = 0
    calls: int = field(default=0, init=False)

    def free(self) -> int:
        """Return what is free, given back or not."""
        return self.empty + self.given

    def resident(self) -> int:
        """Return what the process has."""
        return self.live + self.empty

    def give_back(self, given: Callable[[], None]) -> None:
        """Give everything back."""
        self.calls += 1
        self.given += self.empty
        self.empty = 0
        given()

    def use(self, size: int) -> None:
        """Use ``size`` bytes; of free memory first."""
        reused = min(size, self.empty)
        self.empty -= reused
        self.given -= min(size - reused, self.given)
        self.live += size

    def release(self, size: int) -> None:
        """Free ``size`` bytes."""
        self.live -= size
        self.empty += size


def looked(memory: FreeMemory, clock: Clock) -> None:
    """Work for a turn, and wait until the memory was looked at."""
    memory.watch()
    clock.advance(PAUSE)


def test_the_memory_of_a_burst_is_given_back_once() -> None:
    """After the work of the server, if much is free; not again while nothing changes."""
    clock, allocator = Clock(), FakeAllocator()
    memory = FreeMemory(clock, allocator)
    for _ in range(3):
        looked(memory, clock)
    assert allocator.calls == 0
    allocator.use(10 * KEPT)
    looked(memory, clock)
    allocator.release(10 * KEPT)
    for _ in range(3):
        looked(memory, clock)
    assert (allocator.calls, allocator.empty) == (1, 0)


def test_every_burst_is_given_back() -> None:
    """Also one that begins and ends between two looks, in memory that was given back before."""
    clock, allocator = Clock(), FakeAllocator()
    memory = FreeMemory(clock, allocator)
    for count in range(1, 4):
        allocator.use(4 * KEPT)
        allocator.release(4 * KEPT)
        looked(memory, clock)
        assert (allocator.calls, allocator.empty) == (count, 0)


def test_a_queue_that_empties_slowly_is_given_back_in_parts() -> None:
    """Little is left at the end, and every call is worth it."""
    clock, allocator = Clock(), FakeAllocator()
    memory = FreeMemory(clock, allocator)
    allocator.use(10 * KEPT)
    for _ in range(100):
        looked(memory, clock)
        allocator.release(KEPT // 10)
    looked(memory, clock)
    assert allocator.empty <= GROWTH
    assert 1 < allocator.calls <= 10 * KEPT // GROWTH


def test_a_little_free_memory_is_kept() -> None:
    """It is used for the next large workloads."""
    clock, allocator = Clock(), FakeAllocator()
    memory = FreeMemory(clock, allocator)
    allocator.use(KEPT)
    allocator.release(KEPT)
    looked(memory, clock)
    assert allocator.calls == 0


def test_an_idle_server_has_no_timer() -> None:
    """There is one look after its work, and none without work or after the end."""
    clock = Clock()
    memory = FreeMemory(clock, FakeAllocator())
    assert clock.getDelayedCalls() == []
    memory.watch()
    memory.watch()
    assert len(clock.getDelayedCalls()) == 1
    clock.advance(PAUSE)
    assert (clock.getDelayedCalls(), memory.is_watched) == ([], False)
    memory.watch()
    memory.stop()
    memory.watch()
    assert clock.getDelayedCalls() == []


def test_another_c_library_is_left_alone() -> None:
    """Without the calls nothing is looked at."""
    clock = Clock()
    memory = FreeMemory(clock, FakeAllocator(can_give_back=False))
    memory.watch()
    assert clock.getDelayedCalls() == []


@needs_glibc
def test_the_allocator_of_this_process() -> None:
    """Its figures are plausible, and its memory can be given back."""
    allocator = Allocator()
    assert allocator.can_give_back
    before = allocator.free()
    kept = [bytearray(5000) for _ in range(20_000)]
    pins = kept[::1000]
    del kept
    assert allocator.free() - before > 50 * MEBIBYTE
    assert allocator.resident() > 50 * MEBIBYTE
    done = threading.Event()
    full = allocator.resident()
    allocator.give_back(done.set)
    assert done.wait(20)
    assert allocator.resident() < full - 50 * MEBIBYTE
    del pins


@needs_glibc
def test_a_server_is_small_again_after_a_burst(tmp_path: Path) -> None:
    """A quarter of what a hundred megabytes of jobs took is more than what is left of it."""
    with running(start_our_server(tmp_path)) as server, Speaker(server.port) as speaker:
        start = resident(server)
        fill(speaker)
        full = resident(server)
        assert full - start > 100 * MEBIBYTE
        drain(speaker)
        until(lambda: resident(server) - start < (full - start) // 4, "memory was given back")
        assert is_served(server)


def fill(speaker: Speaker) -> None:
    """Queue many jobs."""
    one = pack(SUBMIT_JOB_BG, b"burst", b"", bytes(SIZE))
    for _ in range(JOBS // 100):
        speaker.tell(one * 100)
        for _ in range(100):
            speaker.hear()


def drain(speaker: Speaker) -> None:
    """Run all jobs, a hundred at a time."""
    speaker.tell(pack(CAN_DO, b"burst"), pack(GRAB_JOB) * 100)
    decoder = PacketDecoder(RESPONSE_MAGIC)
    left = JOBS
    while left:
        answers = []
        for packet_type, body in decoder.feed(speaker.link.recv(MEBIBYTE)):
            assert packet_type in {JOB_ASSIGN, NO_JOB}
            if packet_type == JOB_ASSIGN:
                answers += [pack(WORK_COMPLETE, body.partition(b"\0")[0], b""), pack(GRAB_JOB)]
                left -= 1
        speaker.tell(*answers)


def is_served(server: ServerProcess) -> bool:
    """Return whether the queue is empty."""
    return server.ask(b"status\n", b".\n") == b"burst\t0\t0\t1\n.\n"
