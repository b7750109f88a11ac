"""The heartbeat: a silent peer is asked, then found dead; any sign of life is enough."""

from __future__ import annotations

from attrs import define, field
from twisted.internet.task import Clock

from gearman_tx.link import Heartbeat


@define(eq=False)
class Watched:
    """A connection that is watched, on a clock."""

    clock: Clock = field(factory=Clock)
    events: list[str] = field(factory=list)
    unsent: int = 0

    def start(self, interval: float = 10) -> Heartbeat:
        """Begin to watch with ticks every ten seconds."""
        heartbeat = Heartbeat(
            self.clock,
            interval,
            probe=lambda: self.events.append("probe"),
            unsent=lambda: self.unsent,
            dead=self.events.append,
        )
        heartbeat.start()
        return heartbeat


def test_a_peer_that_says_nothing_is_dead_after_two_ticks() -> None:
    """It is asked once in between."""
    watched = Watched()
    watched.start()
    watched.clock.pump([10, 10, 10, 10])
    assert watched.events == ["probe", "nothing was heard for more than 20 seconds"]
    assert watched.clock.getDelayedCalls() == []


def test_a_peer_that_answers_is_alive() -> None:
    """The answer to the probe counts, and so does everything else."""
    watched = Watched()
    heartbeat = watched.start()
    for _ in range(5):
        watched.clock.advance(10)
        heartbeat.is_heard = True
    assert watched.events == ["probe"]


def test_each_silence_is_asked_about() -> None:
    """A peer that answered is asked again when it falls silent again."""
    watched = Watched()
    heartbeat = watched.start()
    watched.clock.advance(10)
    heartbeat.is_heard = True
    watched.clock.pump([10, 10])
    assert watched.events == ["probe", "probe"]


def test_a_peer_that_takes_what_is_sent_is_alive() -> None:
    """A large packet may take long to be sent, and there is no answer meanwhile."""
    watched = Watched(unsent=100)
    watched.start()
    for unsent in (90, 80, 70):
        watched.unsent = unsent
        watched.clock.advance(10)
    assert watched.events == []
    watched.clock.pump([10, 10])
    assert len(watched.events) == 2


def test_an_answer_that_waits_to_be_read_is_a_sign_of_life() -> None:
    """A program that kept the reactor busy for a whole interval does not lose its servers."""
    watched = Watched()
    heartbeat = watched.start()
    watched.clock.advance(10)
    watched.clock.callLater(10, setattr, heartbeat, "is_heard", True)
    watched.clock.pump([10, 10])
    assert watched.events == ["probe", "probe"]


def test_no_interval_means_no_watch() -> None:
    """Nothing is on the clock."""
    watched = Watched()
    heartbeat = watched.start(interval=0)
    assert watched.clock.getDelayedCalls() == []
    heartbeat.stop()


def test_nothing_happens_after_the_end() -> None:
    """A watch that was stopped neither asks nor finds."""
    watched = Watched()
    heartbeat = watched.start()
    heartbeat.stop()
    watched.clock.advance(100)
    assert watched.events == []
