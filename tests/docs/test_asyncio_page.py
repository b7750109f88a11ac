"""The how-to page about asyncio: its programs do what the page says."""

from __future__ import annotations

import signal
import sys
from textwrap import indent

from tests.docs.blocks import read_block, runs
from tests.docs.conftest import MakeReader
from tests.interop.interop_server import InteropServer
from tests.interop.peer_process import PeerRunner

PAGE = "docs/how-to/use-asyncio.rst"
AROUND = """
import asyncio
from gearman_tx.aio import Client, Worker
worker = Worker("localhost:4730")
@worker.function("reverse")
async def reverse(job):
    return job.workload[::-1]
@worker.function("convert")
async def convert(job):
    await job.send_status(1, 2)
    return b"done"
async def serve():
    async with Client("localhost:4730") as client:
        await use(client)
"""
"""What the page takes for granted: a client, a worker of its functions, something to serve."""


@runs(PAGE, "client", "worker")
def test_the_programs(server: InteropServer, peers: PeerRunner, make_reader: MakeReader) -> None:
    """The client gets the result; the worker ends after Ctrl-C and tells why."""
    reader = make_reader(PAGE, server.port)
    worker = peers.start([sys.executable, "-W", "error", "-c", reader.code("worker")])
    server.await_workers("reverse")
    client = peers.run([sys.executable, "-W", "error", "-c", reader.code("client")])
    assert client.lines == ["b'olleh'"]
    worker.process.send_signal(signal.SIGINT)
    outcome = worker.succeed()
    assert (outcome.lines, outcome.err) == (["SIGINT came"], b"")


@runs(PAGE, "progress", "many", "beside")
def test_the_parts(server: InteropServer, peers: PeerRunner, make_reader: MakeReader) -> None:
    """They print the handle, the progress and the results, while the worker of the block runs."""
    reader = make_reader(PAGE, server.port)
    program = [
        reader.own(AROUND),
        "async def use(client):",
        indent(read_block(PAGE, "progress"), "    "),
        indent(read_block(PAGE, "many"), "    "),
        "async def main():",
        indent(read_block(PAGE, "beside"), "    "),
        "asyncio.run(main())",
    ]
    outcome = peers.run([sys.executable, "-W", "error", "-c", "\n".join(program)])
    handle, *lines = outcome.lines
    assert handle.startswith("the server calls it b'H:")
    assert lines == [
        "Status(numerator=1, denominator=2)",
        "b'done'",
        "b'stressed' became b'desserts'",
        "b'drawer' became b'reward'",
    ]
