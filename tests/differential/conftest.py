"""Servers for the differential tests: one pair for each set of options, kept for the module."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.differential.player import Pair, Stand
from tests.support.servers import start_c_server, start_our_server

C_OPTIONS: Final = ("--threads=1", "--round-robin")
"""One thread, so that order is certain; round robin, because ours always does it."""

OUR_OPTIONS: Final = ("--worker-wakeup=0",)
"""The C server's default of waking every sleeping worker; ours has another."""

PairMaker = Callable[[tuple[str, ...], tuple[str, ...]], Pair]


@pytest.fixture(scope="session")
def pair_maker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PairMaker]:
    """Return a function from both sides' options to a pair, one pair for equal options."""
    pairs: dict[tuple[tuple[str, ...], ...], Pair] = {}

    def make(c_options: tuple[str, ...], our_options: tuple[str, ...]) -> Pair:
        if (c_options, our_options) not in pairs:
            folder = tmp_path_factory.mktemp("pair")
            pairs[c_options, our_options] = Pair(
                Stand("C", start_c_server, folder, (*C_OPTIONS, *c_options)),
                Stand("tx", start_our_server, folder, (*OUR_OPTIONS, *our_options)),
            )
        return pairs[c_options, our_options]

    yield make
    for pair in pairs.values():
        pair.c.end()
        pair.tx.end()


@pytest.fixture(scope="session")
def pair(pair_maker: PairMaker) -> Pair:
    """The C server and ours, started with nothing but what makes them comparable."""
    return pair_maker((), ())


@pytest.fixture(scope="module")
def same_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """The C server on both sides, to test the harness itself."""
    folder: Path = tmp_path_factory.mktemp("same")
    same = Pair(
        Stand("C", start_c_server, folder, C_OPTIONS),
        Stand("tx", start_c_server, folder, C_OPTIONS),
    )
    yield same
    same.c.end()
    same.tx.end()
