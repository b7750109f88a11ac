"""Slots: never more jobs than a worker may run, no source starved."""

from __future__ import annotations

from attrs import define
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from gearman_tx.worker.slots import Slots
from tests.support.effort import long_run


@define(eq=False)
class Source:
    """A job server that counts how often it was asked."""

    name: str = "source"
    asked: int = 0

    def grab(self) -> None:
        """Count."""
        self.asked += 1


def test_one_slot_asks_one_source() -> None:
    """The second source is asked when the first one has nothing."""
    slots, first, second = Slots(1), Source(), Source()
    slots.has_work(first)
    slots.has_work(second)
    assert (first.asked, second.asked) == (1, 0)
    slots.no_job(first)
    assert (first.asked, second.asked) == (1, 1)


def test_a_busy_source_does_not_starve_another() -> None:
    """A source that gives a job goes to the back of the queue."""
    slots, busy, other = Slots(1), Source(), Source()
    slots.has_work(busy)
    slots.has_work(other)
    slots.got_job(busy)
    slots.job_ended()
    assert (busy.asked, other.asked) == (1, 1)
    slots.got_job(other)
    slots.job_ended()
    assert (busy.asked, other.asked) == (2, 1)


def test_nothing_is_asked_while_closed() -> None:
    """A source that may have jobs is asked when the slots are open again."""
    slots, source = Slots(1), Source()
    slots.close()
    slots.has_work(source)
    assert source.asked == 0
    slots.reopen()
    assert source.asked == 1


def test_a_source_earns_its_questions() -> None:
    """One grab request first, one more at a time for each job, one again after no job."""
    slots, source = Slots(5), Source()
    slots.has_work(source)
    slots.has_work(source)
    assert source.asked == 1
    slots.got_job(source)
    assert (source.asked, slots.grabs(source)) == (3, 2)
    slots.got_job(source)
    assert (source.asked, slots.grabs(source), slots.running) == (5, 3, 2)
    for _ in range(3):
        slots.no_job(source)
    assert not slots.is_asked(source)
    slots.has_work(source)
    assert (source.asked, slots.grabs(source)) == (6, 1)


def test_two_sources_share_the_slots() -> None:
    """A source with many grab requests does not keep another one from being asked."""
    slots, busy, other = Slots(3), Source(), Source()
    slots.has_work(busy)
    slots.got_job(busy)
    assert busy.asked == 3
    slots.got_job(busy)
    slots.got_job(busy)
    slots.has_work(other)
    slots.job_ended()
    slots.job_ended()
    assert (busy.asked, other.asked) == (4, 1)


def test_a_lost_source_frees_the_slot_of_its_question() -> None:
    """A source that was asked and is lost leaves its slot to the next."""
    slots, lost, other = Slots(1), Source(), Source()
    slots.has_work(lost)
    slots.has_work(other)
    slots.lost(lost)
    assert other.asked == 1


def test_a_quota_ends_the_questions() -> None:
    """With a quota of two, two jobs are asked for, whatever is free."""
    slots, source = Slots(5, 2), Source()
    slots.has_work(source)
    slots.got_job(source)
    slots.got_job(source)
    assert source.asked == 2
    slots.job_ended()
    assert (source.asked, slots.quota) == (2, 0)


def test_a_held_source_keeps_its_place() -> None:
    """A held source is passed over, and asked as soon as it is released."""
    slots, held, other = Slots(2), Source(), Source()
    slots.hold(held)
    slots.has_work(held)
    slots.has_work(other)
    assert (held.asked, other.asked) == (0, 1)
    slots.release(held)
    slots.release(held)
    assert held.asked == 1


class SlotsMachine(RuleBasedStateMachine):
    """Any order of events, against a count of what is asked and held."""

    sources = Bundle("sources")
    jobs = Bundle("jobs")

    def __init__(self) -> None:
        super().__init__()
        self.slots = Slots(3, 40)
        self.open = True
        self.taken = 0
        self.connected: dict[Source, int] = {}  # how often others were asked since it has work
        self.waiting: set[Source] = set()
        self.held: set[Source] = set()

    def _follow(self, before: dict[Source, int]) -> None:
        asked = {source: source.asked - before[source] for source in self.connected}
        for source in [source for source, times in asked.items() if times]:
            assert source not in self.held
            assert self.open
            self.waiting.discard(source)
        for source in self.waiting - self.held:
            self.connected[source] += sum(asked.values())

    def _counts(self) -> dict[Source, int]:
        return {source: source.asked for source in self.connected}

    @rule(target=sources)
    def connect(self) -> Source:
        """A source is connected; it may have work."""
        source = Source()
        self.connected[source] = 0
        self.work(source)
        return source

    @rule(source=sources)
    def work(self, source: Source) -> None:
        """A source says NOOP."""
        if source in self.connected:
            before = self._counts()
            if not self.slots.is_asked(source) and source not in self.waiting:
                self.waiting.add(source)
                self.connected[source] = 0
            self.slots.has_work(source)
            self._follow(before)

    @rule(source=sources, gives=st.booleans())
    def answer(self, source: Source, gives: bool) -> None:
        """A source that was asked gives a job or has none."""
        if source not in self.connected or not self.slots.is_asked(source):
            return
        before = self._counts()
        if gives:
            self.taken += 1
            self.waiting.add(source)
            self.connected[source] = 0
            self.slots.got_job(source)
        else:
            self.waiting.discard(source)
            self.slots.no_job(source)
        self._follow(before)

    @rule(ends=st.integers(1, 3))
    def end(self, ends: int) -> None:
        """Jobs end."""
        for _ in range(min(ends, self.slots.running)):
            before = self._counts()
            self.slots.job_ended()
            self._follow(before)

    @rule(source=sources)
    def hold(self, source: Source) -> None:
        """A source is held."""
        if source in self.connected:
            self.held.add(source)
            self.slots.hold(source)

    @rule(source=sources)
    def release(self, source: Source) -> None:
        """A source is released."""
        if source in self.held:
            self.held.remove(source)
            self.connected[source] = 0
            before = self._counts()
            self.slots.release(source)
            self._follow(before)

    @rule(source=consumes(sources))
    def lose(self, source: Source) -> None:
        """A source is lost."""
        if source in self.connected:
            before = self._counts()
            self.waiting.discard(source)
            self.held.discard(source)
            self.slots.lost(source)
            self._follow(before)
            del self.connected[source]

    @rule(really=st.integers(0, 9))
    def close(self, really: int) -> None:
        """Now and then no more jobs are wanted."""
        if really == 0:
            self.open = False
            self.slots.close()

    @invariant()
    def never_more_than_it_can_run(self) -> None:
        """Grab requests and running jobs fit into the slots, and into the quota."""
        asked = sum(self.slots.grabs(source) for source in self.connected)
        assert asked == self.slots.asked
        assert self.slots.running + asked <= self.slots.size
        assert self.taken + asked <= 40

    @invariant()
    def no_slot_is_idle(self) -> None:
        """While a slot is free, no source waits that may have work and is not held."""
        asked = self.slots.asked
        has_room = self.slots.running + asked < self.slots.size and self.taken + asked < 40
        assert not (self.open and has_room and self.waiting - self.held)

    @invariant()
    def no_source_starves(self) -> None:
        """Each other source is asked at most once before a waiting one."""
        for source in self.waiting - self.held:
            assert self.connected[source] <= len(self.connected)


SlotsMachine.TestCase.settings = long_run(examples=60, steps=60)
TestSlotsMachine = SlotsMachine.TestCase
