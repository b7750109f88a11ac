"""The tutorial, typed from its beginning to its end: what it shows is what happens."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from attrs import define
from PIL import Image

from gearman_tx.testing import ServerProcess
from tests.docs.blocks import read_block, read_commands, runs
from tests.docs.conftest import MakeReader
from tests.docs.reader import Reader, is_like
from tests.interop.interop_server import InteropServer
from tests.interop.peer_process import PeerProcess, PeerRunner
from tests.packaging.sources import copy_sources, user_environment
from tests.support.peers import require_peer, require_program
from tests.support.ports import free_port
from tests.support.servers import wait_ready

PAGE = "docs/tutorial.rst"
GUARD = 'if __name__ == "__main__":'


@pytest.fixture(scope="module")
def tutorial_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the tutorial's folder with its environment and its photo, once for all tests."""
    home = tmp_path_factory.mktemp("tutorial")
    checkout = copy_sources(home / "checkout")
    words = [command for command, _ in read_commands(PAGE, "install")]
    words.append("cd ..")  # another terminal
    words += [command for command, _ in read_commands(PAGE, "activate")]
    words += [command for command, _ in read_commands(PAGE, "photo")]
    words.append("command -v python")
    folder = home / "gearman-tutorial"
    done = subprocess.run(
        ["sh", "-ec", "\n".join(words).replace("/path/to/gearman_tx", str(checkout))],
        cwd=home,
        env=user_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == str(folder / "venv" / "bin" / "python")
    return folder


@define(eq=False)
class TutorialFixture:
    """The reader in a folder with a photo, and the job server that the reader started."""

    reader: Reader
    server: InteropServer
    process: PeerProcess

    def start(self, name: str, function: str, *, workers: int = 1) -> list[PeerProcess]:
        """Start the workers of a block, and wait until the server knows of them."""
        started = self.reader.start(name)
        self.server.await_counts(function, lambda counts: counts.workers == workers)
        return started

    def save_worker(self, *functions: str) -> None:
        """Save ``worker.py``, with functions of later blocks above its last lines."""
        path = self.reader.save("worker", "worker.py")
        text = "\n\n".join(self.reader.code(name) for name in functions)
        program = path.read_text(encoding="utf-8")
        path.write_text(program.replace(GUARD, f"{text}\n\n{GUARD}"), encoding="utf-8")

    def size_of(self, file: str) -> tuple[int, int]:
        """Return the width and height of an image, which must be a JPEG; it is taken away."""
        path = self.reader.folder / file
        with Image.open(path) as image:
            assert image.format == "JPEG"
            size = image.size
        path.unlink()
        return size

    def stop(self, worker: PeerProcess, function: str) -> None:
        """Press Ctrl-C in a worker's terminal."""
        os.killpg(worker.process.pid, signal.SIGINT)
        worker.finish()
        self.server.await_counts(function, lambda counts: counts.workers == 0)


def serve(reader: Reader, name: str = "server") -> tuple[InteropServer, PeerProcess]:
    """Start the job server of a block, and wait until it answers."""
    (process,) = reader.start(name)
    server = ServerProcess(process.process, reader.port, process.out_file)
    wait_ready(server)
    return InteropServer("ours", server), process


@pytest.fixture
def tutorial(
    tutorial_folder: Path, peers: PeerRunner, make_reader: MakeReader
) -> Iterator[TutorialFixture]:
    """Everything up to the first worker."""
    reader = make_reader(PAGE, free_port(), programs=tutorial_folder / "venv" / "bin")
    shutil.copy(tutorial_folder / "photo.jpg", peers.folder)
    server, process = serve(reader)
    yield TutorialFixture(reader, server, process)
    assert b"Traceback" not in process.out


@pytest.fixture
def php() -> None:
    """PHP with the two extensions that the tutorial asks for."""
    program = require_program("php", "apt-get install php-cli php-gearman php-gd")
    loaded = subprocess.run([program, "-m"], stdout=subprocess.PIPE, check=True, text=True).stdout
    for name in ("gearman", "gd"):
        found = name in loaded.split()
        require_peer(found, f"PHP's extension {name}", f"apt-get install php-{name}")


@runs(PAGE, "install", "server", "activate", "photo")
@runs(PAGE, "worker", "start-worker", "client", "start-client", "handle", "not-an-image")
def test_a_worker_and_a_client(tutorial: TutorialFixture) -> None:
    """The image is 200 pixels wide, whoever was first; what is no image is an error with a text."""
    tutorial.save_worker()
    tutorial.reader.save("client", "client.py")
    early = tutorial.reader.begin("python client.py photo.jpg")
    tutorial.server.await_counts("resize", lambda counts: counts.total == 1)
    (worker,) = tutorial.start("start-worker", "resize")
    early.succeed()
    assert tutorial.size_of("small.jpg") == (200, 150)
    assert is_like(read_block(PAGE, "handle"), worker.out.decode())
    tutorial.reader.run("start-client")
    assert tutorial.size_of("small.jpg") == (200, 150)
    tutorial.reader.run("not-an-image", status=1)


@runs(PAGE, "command-line", "async-client", "start-async-client")
def test_other_clients(tutorial: TutorialFixture) -> None:
    """The command line and the client with ``await`` get their image from the same worker."""
    tutorial.save_worker()
    tutorial.start("start-worker", "resize")
    tutorial.reader.run("command-line")
    assert tutorial.size_of("small.jpg") == (200, 150)
    tutorial.reader.save("async-client", "async_client.py")
    tutorial.reader.run("start-async-client")
    assert tutorial.size_of("small.jpg") == (200, 150)
    failed = tutorial.reader.type("python async_client.py async_client.py", status=1)
    assert failed.err.startswith(b"the worker says: UnidentifiedImageError")


@runs(
    PAGE,
    "php-extensions",
    "php-client",
    "start-php-client",
    "php-worker",
    "start-php-worker",
    "mixed",
)
def test_in_php(tutorial: TutorialFixture, php: None) -> None:  # noqa: ARG001  # it is there
    """Python works for PHP, and PHP for three clients, which cannot tell; bad images fail."""
    tutorial.save_worker()
    for name, file in (
        ("php-client", "client.php"),
        ("php-worker", "worker.php"),
        ("client", "client.py"),
        ("async-client", "async_client.py"),
    ):
        tutorial.reader.save(name, file)
    tutorial.reader.run("php-extensions")
    (worker,) = tutorial.start("start-worker", "resize")
    tutorial.reader.run("start-php-client")
    assert tutorial.size_of("small.jpg") == (200, 150)
    tutorial.reader.type("php client.php worker.php", status=1)

    tutorial.stop(worker, "resize")
    (worker,) = tutorial.start("start-php-worker", "resize")
    tutorial.reader.run("mixed")
    assert worker.out.count(b"PHP takes H:") == 3
    assert tutorial.size_of("small.jpg") == (200, 150)
    tutorial.reader.type("php client.php worker.php", status=1)


@runs(PAGE, "shell-worker", "shell-client")
def test_in_the_shell(tutorial: TutorialFixture) -> None:
    """ImageMagick is the worker, and the C program the client."""
    require_program("convert", "apt-get install imagemagick")
    require_program("gearman", "apt-get install gearman-tools")
    tutorial.start("shell-worker", "resize")
    tutorial.reader.run("shell-client")
    assert tutorial.size_of("small.jpg") == (200, 150)


@runs(PAGE, "slow-workers", "album", "start-album", "status")
def test_two_workers_share_an_album(tutorial: TutorialFixture) -> None:
    """Two jobs run and two wait, as the report shows; each worker does some of them."""
    tutorial.save_worker()
    tutorial.reader.save("album", "album.py")
    workers = tutorial.start("slow-workers", "resize", workers=2)
    (client,) = tutorial.reader.start("start-album")
    tutorial.server.await_counts("resize", lambda counts: counts[:2] == (4, 2))
    for worker in workers:
        os.killpg(worker.process.pid, signal.SIGSTOP)  # so that the report has its time
    tutorial.reader.run("status")
    for worker in workers:
        os.killpg(worker.process.pid, signal.SIGCONT)
    assert client.succeed().out == b"4 images are resized\n"
    assert all(worker.out.count(b"takes H:") >= 1 for worker in workers)
    assert [tutorial.size_of(f"small-{number}.jpg") for number in range(1, 5)] == [(200, 150)] * 4


@runs(PAGE, "sizes", "sizes-client", "start-sizes")
def test_progress(tutorial: TutorialFixture) -> None:
    """The client prints each part and each step as they come."""
    tutorial.save_worker("sizes")
    tutorial.reader.save("sizes-client", "sizes.py")
    tutorial.start("start-worker", "sizes")
    tutorial.reader.run("start-sizes")


@runs(PAGE, "archive", "background")
def test_a_background_job_outlives_the_job_server(tutorial: TutorialFixture) -> None:
    """It is there after a restart, and a worker writes the file that it names."""
    tutorial.save_worker("sizes", "archive")
    tutorial.reader.run("background")
    os.killpg(tutorial.process.process.pid, signal.SIGINT)
    assert tutorial.process.finish().status in {
        0,
        -signal.SIGINT,
    }  # the shell's own, or the server's
    server, _process = serve(tutorial.reader)
    server.await_counts("archive", lambda counts: counts.total == 1)
    tutorial.server = server
    (worker,) = tutorial.start("start-worker", "resize")
    tutorial.server.await_counts("archive", lambda counts: counts.total == 0)
    assert tutorial.size_of("archive-photo.jpg") == (800, 600)
    assert worker.running


@runs(PAGE, "very-slow-worker", "patient-client", "kill", "quick-worker")
def test_another_worker_finishes_the_job_of_a_killed_one(tutorial: TutorialFixture) -> None:
    """The same job, under the same handle, is done by the next worker; Ctrl-C lets it finish."""
    tutorial.save_worker()
    tutorial.reader.save("client", "client.py")
    (slow,) = tutorial.start("very-slow-worker", "resize")
    (client,) = tutorial.reader.start("patient-client")
    slow.wait_until(lambda: slow.out.endswith(b"\n"), "job taken")
    _, pid, _, handle = slow.out.split()
    tutorial.reader.words = {"PID": pid.decode()}
    tutorial.reader.run("kill")
    slow.finish()
    assert client.running
    (quick,) = tutorial.reader.start("quick-worker")
    client.succeed()
    assert quick.out.split()[-1] == handle
    assert tutorial.size_of("small.jpg") == (200, 150)

    tutorial.stop(quick, "resize")
    patient = tutorial.reader.begin("exec python worker.py 2")
    (client,) = tutorial.reader.start("patient-client")
    patient.wait_until(lambda: patient.out.endswith(b"\n"), "job taken")
    os.killpg(patient.process.pid, signal.SIGINT)
    client.succeed()
    assert patient.finish().out.count(b"takes") == 1


@runs(PAGE, "second-server", "two-servers-worker", "two-servers-client", "one-server-left")
def test_two_job_servers(tutorial: TutorialFixture) -> None:
    """The worker is registered with both; when one is stopped the client uses the other."""
    reader, second = tutorial.reader, free_port()
    reader.words = {"4731": str(second)}
    (process,) = reader.start("second-server")
    other = ServerProcess(process.process, second, process.out_file)
    wait_ready(other)
    worker = tutorial.reader.save("worker", "worker.py")
    client = tutorial.reader.save("async-client", "async_client.py")
    for path, line, block in (
        (worker, 'worker = Worker("localhost:4730")', "two-servers-worker"),
        (
            client,
            'async with Client("localhost:4730", reactor=reactor) as client:',
            "two-servers-client",
        ),
    ):
        old, new = reader.own(line), reader.code(block).strip()
        program = path.read_text(encoding="utf-8")
        assert old in program
        path.write_text(program.replace(old, new), encoding="utf-8")
    tutorial.start("start-worker", "resize")
    InteropServer("ours", other).await_workers("resize", 1)
    os.killpg(tutorial.process.process.pid, signal.SIGINT)
    tutorial.process.finish()
    reader.run("one-server-left")
    assert tutorial.size_of("small.jpg") == (200, 150)
