"""A job server for asyncio programs, and what runs these: each in a process, as a user's."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from gearman_tx.testing import GearmanServer
from tests.support.servers import running, start_our_server

Run = Callable[..., list[str]]

BEGIN = """
import asyncio, contextvars, logging, os, signal, sys, threading, warnings
from gearman_tx import *
from gearman_tx.aio import Client, Worker

logging.getLogger("asyncio").setLevel(logging.ERROR)  # a busy machine makes any step slow
SERVER = "127.0.0.1:PORT"

def make_worker(**options):
    worker = Worker(SERVER, **options)

    @worker.function("FUNCTION")
    async def reverse(job):
        return job.workload[::-1]

    return worker
"""
"""What each program begins with."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GearmanServer]:
    """A job server for the tests of a module."""
    with running(start_our_server(tmp_path_factory.mktemp("aio"))) as server:
        assert isinstance(server, GearmanServer)
        yield server


@pytest.fixture
def run(server: GearmanServer, request: pytest.FixtureRequest) -> Run:
    """A function that runs a program and returns the lines that it prints.

    Every warning is an error there, and asyncio looks for calls from wrong threads. ``FUNCTION`` is
    a function that no other test uses.
    """

    def run(code: str, status: int = 0, error: str = "") -> list[str]:
        text = (BEGIN + code).replace("PORT", str(server.port))
        text = text.replace("FUNCTION", request.node.name)
        done = subprocess.run(
            [sys.executable, "-W", "error", "-X", "dev", "-c", text],
            check=False,
            capture_output=True,
            text=True,
            timeout=90,
        )
        assert done.returncode == status, done.stderr
        assert error in done.stderr if error else not done.stderr, done.stderr
        return done.stdout.splitlines()

    return run
