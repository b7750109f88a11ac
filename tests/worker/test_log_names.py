"""The private names of Twisted by which a worker knows whether the program logs already."""

from __future__ import annotations

from types import SimpleNamespace

from gearman_tx.worker.log import is_observed


def test_without_the_private_names_logging_begins() -> None:
    """A Twisted that has other names costs a program with its own log a second one, no more."""
    assert not is_observed(SimpleNamespace(), SimpleNamespace(_observers=[print]))
    assert not is_observed(SimpleNamespace(_temporaryObserver=None), SimpleNamespace())
