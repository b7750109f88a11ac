"""The reading side of ``store``: what the server reports becomes one value."""

from __future__ import annotations

import pytest

from gearman_tx.admin import StoreStatus
from gearman_tx.admin.store_status import read_store
from gearman_tx.errors import RemoteProtocolError
from tests.admin.server_fixture import STORE, busy_server, empty_server


def read(report: bytes) -> StoreStatus:
    """Return a whole report of the server as a value."""
    *lines, end = report.splitlines()
    assert end == b"."
    return read_store(lines)


def test_a_queue_file() -> None:
    """Every figure of the server has its attribute."""
    store = read(busy_server().ask(b"store"))
    assert store == StoreStatus(
        kind="sqlite",
        path="/var/lib/gearmand/gearmand-4730.sqlite3",
        state="ok",
        jobs=5,
        size=98304,
        log=20632,
        commits=3,
        added=5,
        errors=0,
        waiting=0,
        lag=0.0,
        last_commit=1004.25,
        last_seconds=0.004,
        last_error=None,
        notices=(),
    )
    assert store.is_durable
    assert not store.is_failing


def test_a_failing_store_with_notices() -> None:
    """The reason is text, and each notice is kept in its order."""
    figures = [*STORE[:2], ("state", "failing"), ("last-commit", 0.0), ("last-error", "no\tspace")]
    notices = [("notice", "moved\naway"), ("notice", "second")]
    store = read(empty_server(store=lambda: [*figures, *notices]).ask(b"store"))
    assert store.is_failing
    assert (store.last_error, store.last_commit) == ("no\tspace", None)
    assert store.notices == ("moved\naway", "second")


def test_a_queue_in_memory() -> None:
    """It has a kind and nothing else."""
    store = read(empty_server().ask(b"store"))
    assert store == StoreStatus(kind="builtin")
    assert not store.is_durable


def test_figures_of_a_later_version() -> None:
    """What this version does not know is left out."""
    assert read_store([b"kind\tsqlite", b"novelty\t3"]) == StoreStatus(kind="sqlite")


@pytest.mark.parametrize("lines", [[], [b"nonsense"], [b"kind\tsqlite", b"jobs\tmany"]])
def test_something_else(lines: list[bytes]) -> None:
    """Rows that are not of this report are an error of the server."""
    with pytest.raises(RemoteProtocolError, match="is not a report of a store"):
        read_store(lines)
