"""What a worker that is a whole program says without any logging of its own."""

from __future__ import annotations

import socket
import sys

import pytest

from tests.interop.conftest import ours_only
from tests.interop.interop_fixture import InteropFixture
from tests.interop.peer_process import PeerProcess
from tests.support.ports import free_port

PROGRAM = """
import sys
from gearman_tx import Worker

{before}
worker = Worker("127.0.0.1:" + sys.argv[1])


@worker.function(sys.argv[2])
def broken(job):
    raise ValueError("on purpose")


worker.run({arguments})
"""

OWN_LOGGING = """
import logging
from twisted.logger import STDLibLogObserver, globalLogBeginner
logging.basicConfig(level=logging.INFO, format="mine: %(message)s")
globalLogBeginner.beginLoggingTo([STDLibLogObserver()], redirectStandardIO=False)
"""

OWN_OBSERVER = """
from twisted.logger import globalLogPublisher
globalLogPublisher.addObserver(lambda event: print("mine:", event["log_format"], file=sys.stderr))
"""

pytestmark = ours_only


def start(
    interop: InteropFixture, before: str = "", arguments: str = "", port: int = 0
) -> PeerProcess:
    """Start the program."""
    code = PROGRAM.format(before=before, arguments=arguments)
    words = [str(port or interop.server.port), interop.function]
    return interop.start([sys.executable, "-c", code, *words])


def fail_a_job(interop: InteropFixture) -> None:
    """Have the worker do a job, which raises."""
    interop.server.await_workers(interop.function, 1)
    interop.start(interop.gearman("x")).finish()


def test_a_connection_and_a_traceback(interop: InteropFixture) -> None:
    """The log on stderr has who was connected, and why a job failed; nothing of Twisted's own."""
    worker = start(interop)
    fail_a_job(interop)
    worker.process.terminate()
    said = worker.succeed().err.decode()
    port = interop.server.port
    assert f"connected to 127.0.0.1:{port}, offers {interop.function}\n" in said
    assert f"of {interop.function} raised an exception\n" in said
    assert 'raise ValueError("on purpose")' in said or "ValueError: on purpose" in said
    assert "Traceback (most recent call last):\n" in said
    assert "the worker has ended: SIGTERM came\n" in said
    assert "Main loop terminated" not in said


def test_a_wrong_port(interop: InteropFixture) -> None:
    """The line names the server and the reason."""
    port = free_port()
    worker = start(interop, port=port)
    text = f"cannot connect to job server 127.0.0.1:{port}: connection refused; trying again"
    worker.wait_until(lambda: text.encode() in worker.err, "line")
    worker.process.terminate()
    said = worker.succeed().err
    assert b" object at 0x" not in said
    assert b"Scheduling retry" not in said


def test_it_can_be_switched_off(interop: InteropFixture) -> None:
    """``run(log=False)`` writes nothing."""
    worker = start(interop, arguments="log=False")
    fail_a_job(interop)
    worker.process.terminate()
    assert worker.succeed().err == b""


@pytest.mark.parametrize("before", [OWN_LOGGING, OWN_OBSERVER], ids=["begun", "observer"])
def test_the_log_of_the_program_is_left_alone(interop: InteropFixture, before: str) -> None:
    """A program that logs already gets each line once, in its own way."""
    worker = start(interop, before)
    fail_a_job(interop)
    worker.process.terminate()
    lines = worker.succeed().err.decode().splitlines()
    assert sum("connected to" in line for line in lines) == 1
    assert all("mine:" in line for line in lines if "connected to" in line)
    assert not [line for line in lines if "[gearman_tx.worker#" in line]


def test_the_default_client_id(interop: InteropFixture) -> None:
    """It is the host and the process id, so each worker of a network has its own."""
    worker = start(interop)
    interop.server.await_workers(interop.function, 1)
    said = interop.server.process.ask(b"workers\n", b".\n").decode()
    name = f"{socket.gethostname()}:{worker.process.pid}"
    assert f" {name} : {interop.function}\n" in said
    worker.process.terminate()
    worker.succeed()
