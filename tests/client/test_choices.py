"""Which server gets a task: the named choices are stable and fair."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gearman_tx.client import CHOICES, Choice, HashRing
from gearman_tx.client.choice import InOrder, RandomOrder, RoundRobin, make_choice
from gearman_tx.errors import ConfigurationError

NAMES = st.lists(st.text(min_size=1, max_size=20), min_size=1, max_size=6, unique=True)
UNIQUES = st.binary(min_size=1, max_size=64)
SEED = 1


@given(names=NAMES, unique=st.binary(max_size=64), name=st.sampled_from(sorted(CHOICES)))
def test_every_choice_orders_all_servers(names: list[str], unique: bytes, name: str) -> None:
    """Each order has every server once."""
    choice = make_choice(name, names, Random(SEED))
    for _ in range(3):
        assert sorted(choice.order(unique)) == list(range(len(names)))


@given(names=NAMES, unique=UNIQUES, seed=st.integers())
def test_the_ring_depends_on_the_names_alone(names: list[str], unique: bytes, seed: int) -> None:
    """The order of a unique depends neither on the order of the list nor on chance."""
    shuffled = Random(seed).sample(names, len(names))
    one, other = HashRing(names, Random(1)), HashRing(shuffled, Random(2))
    assert [names[place] for place in one.order(unique)] == [
        shuffled[place] for place in other.order(unique)
    ]
    assert one.order(unique) == one.order(unique)


@given(names=NAMES, unique=UNIQUES, extra=st.text(min_size=21, max_size=30))
def test_a_new_server_moves_only_what_becomes_its_own(
    names: list[str], unique: bytes, extra: str
) -> None:
    """A new server does not change the order of the others."""
    before = [names[place] for place in HashRing(names, Random(SEED)).order(unique)]
    more = [*names, extra]
    after = [more[place] for place in HashRing(more, Random(SEED)).order(unique)]
    after.remove(extra)
    assert after == before


def test_the_ring_is_the_same_for_ever() -> None:
    """Clients of different versions must meet at the same server: these values never change."""
    ring = HashRing(["a:4730", "b:4730", "c:4730"], Random(SEED))
    firsts = [ring.order(b"unique-%d" % number)[0] for number in range(12)]
    assert firsts == [0, 2, 2, 0, 1, 1, 1, 1, 2, 2, 1, 2]


def shares(choice: Choice, uniques: list[bytes]) -> list[int]:
    """Return how many of ``uniques`` each server is the first choice of."""
    counted = Counter(choice.order(unique)[0] for unique in uniques)
    return [counted[place] for place in sorted(counted)]


def test_the_ring_gives_fair_shares() -> None:
    """Of 9,000 uniques each of three servers gets 3,000, within a fifth."""
    ring = HashRing(["a:4730", "b:4730", "c:4730"], Random(SEED))
    uniques = [b"%d" % number for number in range(9000)]
    assert all(2400 < share < 3600 for share in shares(ring, uniques))


def test_tasks_without_a_unique_take_turns_on_the_ring() -> None:
    """Tasks without a unique go to all servers."""
    ring = HashRing(["a", "b", "c"], Random(SEED))
    assert shares(ring, [b""] * 300) == [100] * 3


def test_round_robin_takes_turns() -> None:
    """Each server is first as often as any other, and the next one is the spare."""
    choice = RoundRobin(["a", "b", "c"], Random(SEED))
    orders = [list(choice.order(b"u")) for _ in range(3)]
    assert sorted(orders) == [[0, 1, 2], [1, 2, 0], [2, 0, 1]]
    assert list(choice.order(b"u")) == orders[0]


def test_in_order_never_changes() -> None:
    """The first of the list is always preferred."""
    assert shares(InOrder(["a", "b"], Random(SEED)), [b"u"] * 10) == [10]


def test_random_reaches_all() -> None:
    """Each server is first at some time."""
    assert len(shares(RandomOrder(["a", "b", "c"], Random(SEED)), [b"u"] * 100)) == 3


def test_a_choice_may_be_made_by_the_caller() -> None:
    """A function that makes a choice may replace the name."""
    assert list(make_choice(InOrder, ["a", "b"], Random(SEED)).order(b"")) == [0, 1]


def test_an_unknown_choice_is_refused() -> None:
    """The message has all names that are known."""
    with pytest.raises(ConfigurationError, match=r"no choice of servers 'best'; there are 'hash'"):
        make_choice("best", ["a"], Random(SEED))
