"""What Windows does not have: client, worker and both doors work without it.

A program hides modules and names from this package alone: on this system, Twisted and Python's own
modules need some of them.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from gearman_tx.testing import ServerProcess
from tests.support.servers import running, start_our_server

HIDING = """
import asyncio, builtins, os, select, selectors, signal, socket, types
from twisted.internet import asyncioreactor, selectreactor

if REACTOR == "asyncio":
    asyncioreactor.install(asyncio.SelectorEventLoop(selectors.SelectSelector()))
else:
    selectreactor.install()

HIDDEN = {"fcntl", "grp", "pwd", "resource", "termios", "tty", "pty", "syslog", "posix"}
NAMES = {
    os: "fork forkpty getuid geteuid getgid setsid killpg register_at_fork sysconf uname",
    select: "epoll poll",
    signal: "SIGHUP SIGUSR1 SIGUSR2 SIGCHLD SIGKILL SIGQUIT SIGPIPE SIGALRM pthread_sigmask",
    socket: "AF_UNIX MSG_DONTWAIT TCP_QUICKACK",
}

class Part(types.ModuleType):
    def __getattr__(self, name):
        whole = self.__dict__["whole"]
        if name in NAMES[whole].split():
            raise AttributeError(f"module {whole.__name__!r} has no attribute {name!r}")
        return getattr(whole, name)

parts = {}
for whole in NAMES:
    part = parts[whole.__name__] = Part(whole.__name__)
    part.whole = whole
real_import = builtins.__import__

def hiding_import(name, globals=None, *rest, **more):
    importer = (globals or {}).get("__name__", "")
    if importer.startswith("gearman_tx"):
        if name.partition(".")[0] in HIDDEN:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        if name in parts:
            return parts[name]
    return real_import(name, globals, *rest, **more)

builtins.__import__ = hiding_import
"""

USING = """
from gearman_tx import Client, LifeLimits, Worker, ConfigurationError, blocking
from gearman_tx.aio import Client as AsyncioClient
from gearman_tx.aio import Worker as AsyncioWorker
from twisted.internet import reactor
print(type(reactor).__name__)
try:
    import gearman_tx.daemon.open_files
except ImportError as error:
    print(error)
try:
    LifeLimits(memory=10)
except ConfigurationError as error:
    print(error)
SERVER = "127.0.0.1:PORT"
worker = AsyncioWorker(SERVER, concurrency=2, limits=LifeLimits(jobs=100, seconds=1000))
@worker.function("FUNCTION")
async def reverse(job):
    return job.workload[::-1]
@worker.function("FUNCTION-thread")
def upper(job):
    job.send_status(1, 2)
    return job.workload.upper()
plain = blocking.GearmanClient([SERVER])
async def main():
    async with worker, AsyncioClient(SERVER) as client:
        print(await client.submit("FUNCTION", b"abc"), await client.submit("FUNCTION-thread", b"x"))
        request = await asyncio.to_thread(plain.submit_job, "FUNCTION", b"def")
        print(request.result)
asyncio.run(main())
print(blocking.GearmanAdminClient([SERVER]).ping_server() > 0)
"""

TWISTED = """
from gearman_tx import Client, Worker
from twisted.internet.task import react
async def main(reactor):
    worker = Worker("127.0.0.1:PORT")
    @worker.function("FUNCTION-twisted")
    def reverse(job):
        return job.workload[::-1]
    worker.start()
    async with Client("127.0.0.1:PORT") as client:
        print(type(reactor).__name__, await client.submit("FUNCTION-twisted", b"abc"))
    await worker.stop()
react(main)
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A job server, which sees everything."""
    with running(start_our_server(tmp_path_factory.mktemp("windows"))) as server:
        yield server


def run(server: ServerProcess, reactor: str, code: str) -> list[str]:
    """Return the lines that a program prints."""
    text = f"REACTOR = {reactor!r}\n{HIDING}{code}".replace("PORT", str(server.port))
    warnings = ["-W", "error", "-W", "ignore::ResourceWarning"]  # Twisted leaves a loop unclosed
    command = [sys.executable, *warnings, "-c", text.replace("FUNCTION", f"on-{reactor}")]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=90)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


REACTORS = pytest.mark.parametrize(
    ("reactor", "kind"), [("select", "SelectReactor"), ("asyncio", "AsyncioSelectorReactor")]
)


@REACTORS
def test_the_hidden_thread(server: ServerProcess, reactor: str, kind: str) -> None:
    """The doors for asyncio and for plain programs; a limit that cannot be kept is an error."""
    assert run(server, reactor, USING) == [
        kind,
        "No module named 'resource'",
        "memory: this system does not tell how much memory a process uses",
        "b'cba' b'X'",
        "b'fed'",
        "True",
    ]


@REACTORS
def test_a_twisted_program(server: ServerProcess, reactor: str, kind: str) -> None:
    """Client and worker on the program's reactor."""
    assert run(server, reactor, TWISTED) == [f"{kind} b'cba'"]
