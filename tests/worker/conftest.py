"""Fixtures of the worker's tests: the job servers and clients of the interoperability tests."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.interop.conftest import (
    c,
    fresh_server,
    function,
    gear,
    interop,
    kind,
    peers,
    perl,
    php,
    server,
    shared_servers,
    start_server,
)
from tests.interop.interop_fixture import InteropFixture
from tests.interop.language import Language
from tests.interop.peer_process import PeerProcess

__all__ = [
    "c",
    "fresh_server",
    "function",
    "gear",
    "interop",
    "kind",
    "peers",
    "perl",
    "php",
    "server",
    "shared_servers",
    "start_server",
]

PROGRAM = Path(__file__).parent / "programs" / "worker.py"
OURS = Language("ours", (), (sys.executable, str(PROGRAM)))

StartWorker = Callable[..., PeerProcess]


@pytest.fixture
def start(interop: InteropFixture) -> Iterator[StartWorker]:
    """Start our worker for the fixture's function with one behaviour, and options of its own.

    Other functions may follow as NAME=BEHAVIOUR. Workers that still run at the end of the test are
    stopped politely, so that their coverage is written.
    """
    started: list[PeerProcess] = []

    def start_worker(behaviour: str, *others: str, **options: Any) -> PeerProcess:
        command = [
            *OURS.worker,
            str(interop.server.port),
            f"{interop.function}={behaviour}",
            *others,
        ]
        env = {"WORKER_OPTIONS": json.dumps(options)}
        started.append(interop.start_worker(command, env=env))
        return started[-1]

    yield start_worker
    for worker in started:
        if worker.running:
            worker.process.terminate()
            worker.finish()


@pytest.fixture(params=["c", "php", "perl"])
def client(request: pytest.FixtureRequest) -> Language:
    """A client in another language."""
    language: Language = request.getfixturevalue(request.param)
    return language
