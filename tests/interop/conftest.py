"""Fixtures of the interoperability tests: the two servers, the programs and their runtimes."""

from __future__ import annotations

import importlib.util
import itertools
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from attrs import Factory, define

from gearman_tx.testing import ServerProcess
from tests.interop.interop_fixture import InteropFixture
from tests.interop.interop_server import InteropServer
from tests.interop.language import Language
from tests.interop.our_import import with_our_import
from tests.interop.peer_process import PeerRunner
from tests.support.peers import require_peer, require_program
from tests.support.servers import start_c_server, start_our_server
from tests.support.sharing import kept_folder, make_once, run_folder

PROGRAMS = Path(__file__).parent / "programs"
KINDS = ("c", "ours")
FUNCTION_NUMBERS = itertools.count(1)

ours_only = pytest.mark.parametrize("kind", ["ours"], indirect=True)
"""Marks a test that shows a known bug of the C server: it runs against our server alone."""

StartServer = Callable[..., InteropServer]


def show(text: str) -> None:
    """Write the end of ``text`` where pytest keeps it, to be printed if the test fails."""
    sys.stdout.write(text[-20_000:] + "\n")


def start_kind(kind: str, folder: Path, *options: str, port: int | None = None) -> ServerProcess:
    """Start a server of ``kind``, one of ``KINDS``, in ``folder``."""
    start = start_c_server if kind == "c" else start_our_server
    return start(folder, *options, port=port)


@define(eq=False)
class SharedServers:
    """One running server of each kind for the whole run; a dead one is replaced."""

    folder: Path
    running: dict[str, InteropServer] = Factory(dict)

    def get(self, kind: str) -> InteropServer:
        """Return the living server of ``kind``, starting it when there is none."""
        server = self.running.get(kind)
        if server is None or server.process.process.poll() is not None:
            server = InteropServer(kind, start_kind(kind, self.folder))
            self.running[kind] = server
        return server


@pytest.fixture(scope="session")
def shared_servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedServers]:
    """The servers that tests share, killed when the run ends."""
    shared = SharedServers(tmp_path_factory.mktemp("servers"))
    yield shared
    for server in shared.running.values():
        server.process.kill()


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """Which server the test runs against: ``c`` or ``ours``."""
    value: str = request.param
    return value


@pytest.fixture
def server(kind: str, shared_servers: SharedServers) -> Iterator[InteropServer]:
    """A job server shared with other tests; the test fails when it does not survive."""
    shared = shared_servers.get(kind)
    log_start = shared.process.log.stat().st_size
    yield shared
    show(shared.process.log.read_bytes()[log_start:].decode(errors="replace"))
    assert shared.process.process.poll() is None, "the server ended during the test"


@pytest.fixture
def start_server(kind: str, tmp_path: Path) -> Iterator[StartServer]:
    """A function that starts one more server of the kind, with options, for this test only."""
    started: list[InteropServer] = []

    def start(*options: str, port: int | None = None) -> InteropServer:
        folder = tmp_path / f"server-{len(started)}"
        folder.mkdir()
        started.append(InteropServer(kind, start_kind(kind, folder, *options, port=port)))
        return started[-1]

    yield start
    for one in started:
        one.process.kill()
        show(one.process.log.read_text(errors="replace"))


@pytest.fixture
def fresh_server(start_server: StartServer) -> InteropServer:
    """A job server of the test's own, with nothing in it."""
    return start_server()


@pytest.fixture
def function(request: pytest.FixtureRequest) -> str:
    """A function name no other test uses, short enough to be a unique too."""
    test: str = f"{request.module.__name__.rpartition('test_')[2]}_{request.node.name[5:]}"
    return f"{re.sub('[^a-z0-9]+', '_', test.lower())[:50]}_{next(FUNCTION_NUMBERS)}"


@pytest.fixture
def peers(tmp_path: Path) -> Iterator[PeerRunner]:
    """Starts programs; at the end all are killed and their output is shown for a failure."""
    folder = tmp_path / "peers"
    folder.mkdir()
    runner = PeerRunner(folder)
    yield runner
    show(runner.end_all())


@pytest.fixture
def interop(server: InteropServer, peers: PeerRunner, function: str) -> InteropFixture:
    """The shared server, a function name of the test's own, and programs to start."""
    require_program("gearman", "apt-get install gearman-tools")
    return InteropFixture(server, peers, function)


@pytest.fixture(scope="session")
def c(tmp_path_factory: pytest.TempPathFactory) -> Language:
    """The client and worker of libgearman, compiled from ``programs/c``."""
    compiler = require_program("gcc", "apt-get install gcc libc6-dev")
    header = Path("/usr/include/libgearman-1.0/gearman.h")
    require_peer(header.exists(), "libgearman's headers", "apt-get install libgearman-dev")

    def compile_programs(folder: Path) -> None:
        for name in ("client", "worker"):
            source = str(PROGRAMS / "c" / f"{name}.c")
            command = [compiler, "-Wall", "-Wextra", "-O1", "-o", str(folder / name), source]
            subprocess.run([*command, "-lgearman"], check=True)

    folder = run_folder(tmp_path_factory) / "c-programs"
    folder.mkdir(exist_ok=True)
    make_once(folder, b"", compile_programs)
    return Language("c", (str(folder / "client"),), (str(folder / "worker"),))


@pytest.fixture(scope="session")
def php() -> Language:
    """The client and worker of PHP's gearman extension."""
    program = require_program("php", "apt-get install php-cli php-gearman php-gd")
    modules = subprocess.run([program, "-m"], capture_output=True, check=True).stdout.split()
    for module in ("gearman", "gd"):
        found = module.encode() in modules
        require_peer(found, f"PHP's {module}", f"apt-get install php-{module}")
    programs = [str(PROGRAMS / "php" / name) for name in ("client.php", "worker.php")]
    return Language("php", (program, programs[0]), (program, programs[1]))


@pytest.fixture(scope="session")
def perl() -> Language:
    """Perl's Gearman::Client and Gearman::Worker."""
    program = require_program("perl", "apt-get install perl")
    check = [program, "-MGearman::Client", "-MGearman::Worker", "-e", "1"]
    found = subprocess.run(check, capture_output=True, check=False).returncode == 0
    require_peer(found, "Perl's Gearman::Client", "apt-get install libgearman-client-perl")
    programs = [str(PROGRAMS / "perl" / name) for name in ("client.pl", "worker.pl")]
    return Language("perl", (program, programs[0]), (program, programs[1]))


def python_language(name: str, module: str, package: str) -> Language:
    """Return the programs on a Python library; skip without it."""
    found = importlib.util.find_spec(module) is not None
    require_peer(found, f"Python's {package}", f"pip install {package}")
    programs = [str(PROGRAMS / "py" / f"{name}_{role}.py") for role in ("client", "worker")]
    return Language(name, (sys.executable, programs[0]), (sys.executable, programs[1]))


@pytest.fixture(scope="session")
def pygearman() -> Language:
    """The client and worker of PyPI's pygearman (``import gearman``)."""
    return python_language("pygearman", "gearman", "pygearman")


@pytest.fixture(scope="session")
def blocking(tmp_path_factory: pytest.TempPathFactory) -> Language:
    """The same two programs on our blocking door: their imports change, and nothing else."""
    theirs = python_language("pygearman", "gearman", "pygearman")
    folder = tmp_path_factory.mktemp("blocking")
    client, worker = (
        (sys.executable, str(with_our_import(Path(command[-1]), folder)))
        for command in (theirs.client, theirs.worker)
    )
    return Language("blocking", client, worker)


@pytest.fixture(scope="session")
def gear() -> Language:
    """The client and worker of PyPI's gear, which Zuul and others use."""
    return python_language("gear", "gear", "gear")


@pytest.fixture(scope="session")
def npm(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Language:
    """The client and worker of npm's gearman, installed from the lock file.

    The installation stays in pytest's cache folder until the lock file changes.
    """
    program = require_program("node", "apt-get install nodejs")
    installer = require_program("npm", "apt-get install npm")

    def install(folder: Path) -> None:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(PROGRAMS / "js" / name, folder)
        command = [installer, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        done = subprocess.run(command, cwd=folder, capture_output=True, timeout=120, check=False)
        found = done.returncode == 0
        require_peer(found, "npm's gearman", f"npm said: {done.stderr.decode()[-500:]}")

    folder = kept_folder(pytestconfig, tmp_path_factory, "npm-gearman")
    make_once(folder, (PROGRAMS / "js" / "package-lock.json").read_bytes(), install)
    programs = [str(PROGRAMS / "js" / name) for name in ("client.js", "worker.js")]
    env = {"NODE_PATH": str(folder / "node_modules")}
    return Language("npm", (program, programs[0]), (program, programs[1]), env)
