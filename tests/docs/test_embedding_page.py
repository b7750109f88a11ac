"""The page about the server inside another program: as an application, and with a reactor."""

from __future__ import annotations

import signal

from gearman_tx.testing import ServerProcess
from tests.docs.blocks import runs
from tests.docs.conftest import MakeReader
from tests.interop.interop_server import InteropServer
from tests.interop.peer_process import PeerProcess
from tests.support.peers import require_program
from tests.support.ports import free_port
from tests.support.servers import wait_ready

PAGE = "docs/how-to/embed-the-server.rst"


def as_server(process: PeerProcess, port: int) -> InteropServer:
    """Return the server inside ``process``, once it answers."""
    server = ServerProcess(process.process, port, process.out_file)
    wait_ready(server)
    return InteropServer("ours", server)


@runs(PAGE, "application", "start")
def test_an_application(make_reader: MakeReader) -> None:
    """Server and worker are one process; it ends in good order, and leaves its queue file."""
    require_program("gearman", "apt-get install gearman-tools")
    reader = make_reader(PAGE, free_port())
    reader.save("application", "jobs.tac")
    (process,) = reader.start("start")
    as_server(process, reader.port).await_workers("reverse")
    assert reader.type("gearman -f reverse hello").out == b"olleh"
    process.process.send_signal(signal.SIGTERM)
    assert process.finish().status in {0, -signal.SIGTERM}
    assert (reader.folder / f"gearmand-{reader.port}.sqlite3").exists()


@runs(PAGE, "program")
def test_a_program(make_reader: MakeReader) -> None:
    """It says when jobs are taken, and a signal ends it with 0."""
    reader = make_reader(PAGE, free_port())
    reader.save("program", "program.py")
    process = reader.begin("exec python program.py")
    process.await_output(b"jobs are taken")
    as_server(process, reader.port)
    process.process.send_signal(signal.SIGTERM)
    process.succeed()
