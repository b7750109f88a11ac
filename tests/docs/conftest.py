"""Fixtures of the documentation's tests: a job server, and a reader with terminals."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.docs.reader import Reader
from tests.interop.conftest import peers
from tests.interop.interop_server import InteropServer
from tests.interop.peer_process import PeerRunner
from tests.support.servers import running, start_our_server

__all__ = ["peers"]

MakeReader = Callable[..., Reader]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[InteropServer]:
    """A job server of ours, with nothing in it."""
    with running(start_our_server(tmp_path)) as process:
        yield InteropServer("ours", process)


@pytest.fixture
def make_reader(peers: PeerRunner) -> MakeReader:
    """A function that gives a page and terminals to a reader, whose programs are all ended."""

    def make(page: str, port: int, **options: Any) -> Reader:
        return Reader(page, port, peers, **options)

    return make
