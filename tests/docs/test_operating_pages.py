"""The pages for whoever runs a job server: where it listens, its limits, its end, its reports."""

from __future__ import annotations

import json
import socket
import ssl

import pytest

from gearman_tx.testing import ServerProcess
from tests.docs.blocks import runs
from tests.docs.conftest import MakeReader
from tests.interop.interop_server import InteropServer
from tests.interop.peer_process import PeerProcess
from tests.loopback.load import pack
from tests.loopback.speaker import Speaker
from tests.loopback.test_client_tls import write_certificate
from tests.support.peers import require_program
from tests.support.ports import free_port
from tests.support.servers import wait_ready

LISTEN = "docs/how-to/listen.rst"
LIMITS = "docs/how-to/limits.rst"
SHUT_DOWN = "docs/how-to/shut-down.rst"
SET_CLIENT_ID = 22
OPERATIONS = "docs/operations.rst"
OPTIONS = "docs/reference/options.rst"
TEXT = "docs/reference/text-protocol.rst"


@pytest.fixture(autouse=True)
def programs() -> None:
    """Ask for the programs that the pages use."""
    require_program("gearman", "apt-get install gearman-tools")
    require_program("nc", "apt-get install netcat-openbsd")


def answers(process: PeerProcess, port: int) -> ServerProcess:
    """Return the server that a reader started, once it answers on ``port``."""
    server = ServerProcess(process.process, port, process.out_file)
    wait_ready(server)
    return server


@runs(LISTEN, "unix")
def test_a_unix_socket(make_reader: MakeReader) -> None:
    """The server answers there; the mode is that of the page."""
    reader = make_reader(LISTEN, free_port())
    reader.words = {"/run/gearman": str(reader.folder)}
    (process,) = reader.start("unix")
    path = reader.folder / "socket"

    def is_listening() -> bool:
        with socket.socket(socket.AF_UNIX) as client:
            return client.connect_ex(str(path)) == 0

    # The socket's file is there before the server listens on it.
    process.wait_until(is_listening, "Unix socket that accepts connections")
    assert path.stat().st_mode & 0o777 == 0o660
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
        client.sendall(b"version\r\n")
        assert client.recv(100).startswith(b"OK ")


@runs(LISTEN, "tls")
def test_tls_beside_plain_text(make_reader: MakeReader) -> None:
    """One port answers in plain text, the other one under the certificate."""
    reader = make_reader(LISTEN, free_port())
    tls = free_port()
    reader.words = {"/etc/gearman": str(reader.folder), "4731": f"{tls}:interface=127.0.0.1"}
    certificate = write_certificate(reader.folder / "key.pem").decode()
    (reader.folder / "cert.pem").write_text(certificate, encoding="ascii")
    (process,) = reader.start("tls")
    answers(process, reader.port)
    context = ssl.create_default_context(cadata=certificate)
    with (
        socket.create_connection(("127.0.0.1", tls), timeout=5) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as client,
    ):
        client.sendall(b"version\r\n")
        assert client.recv(100).startswith(b"OK ")


@runs(LISTEN, "one-address")
def test_one_address(make_reader: MakeReader) -> None:
    """The server answers at that address, and the log names no other."""
    reader = make_reader(LISTEN, free_port())
    (process,) = reader.start("one-address")
    answers(process, reader.port)
    process.await_output(f"listening on 127.0.0.1:{reader.port}\n".encode())


@runs(LIMITS, "maxqueue", "maxqueue-by-priority")
def test_a_limit_of_jobs(server: InteropServer, make_reader: MakeReader) -> None:
    """The command is answered as the page shows, and the limits are in the server's report."""
    variables = {"GEARMAN_SERVERS": f"localhost:{server.port}"}
    reader = make_reader(LIMITS, server.port, variables=variables)
    reader.run("maxqueue")
    assert server.text("functions resize")[0].split("\t")[8:11] == ["10000"] * 3
    reader.run("maxqueue-by-priority")
    assert server.text("functions resize")[0].split("\t")[8:11] == ["12000", "10000", "8000"]


@runs(SHUT_DOWN, "gracefully")
def test_a_graceful_end(make_reader: MakeReader) -> None:
    """SIGUSR1 from the page ends a server that has nothing to do, with 0."""
    reader = make_reader(SHUT_DOWN, free_port())
    reader.words = {"/run/gearman": str(reader.folder)}
    command = "exec gearman-tx gearmand -L 127.0.0.1 -P /run/gearman/gearmand.pid -l stderr"
    process = reader.begin(command)
    process.wait_until((reader.folder / "gearmand.pid").exists, "PID file")
    answers(process, reader.port)
    reader.run("gracefully")
    process.succeed()


@runs(OPERATIONS, "store")
def test_how_the_queue_file_is_doing(make_reader: MakeReader) -> None:
    """The server that everybody starts tells the state of its file."""
    port = free_port()
    reader = make_reader(OPERATIONS, port, variables={"GEARMAN_SERVERS": f"localhost:{port}"})
    answers(reader.begin("exec twistd -n gearmand"), reader.port)
    reader.type("gearman -b -f resize photo")  # is answered when the file is loaded
    reader.run("store")


@runs(OPERATIONS, "json")
def test_the_log_in_json(make_reader: MakeReader) -> None:
    """A worker that is lost with a job is logged with the keys of the page, in their order."""
    reader = make_reader(OPERATIONS, free_port())
    log = reader.folder / "log"
    words = f"-L 127.0.0.1 -P gearmand.pid -l {log} --verbose=WARNING --log-format=json"
    process = reader.begin(f"exec gearman-tx gearmand {words}")
    answers(process, reader.port)
    reader.type("gearman -b -f resize photo")
    with Speaker(reader.port) as worker:
        worker.tell(pack(SET_CLIENT_ID, b"web1:77"))
        worker.grab(b"resize", b"photo")
    shown = json.loads(reader.code("json"))
    process.wait_until(lambda: "\n" in log.read_text(), "line in the log")
    (line,) = log.read_text().splitlines()
    logged = json.loads(line)
    assert list(logged) == list(shown)
    for key in ("level", "event", "source", "client_id", "count"):
        assert logged[key] == shown[key]
    assert logged["peer"] in logged["message"]


@runs(OPERATIONS, "status", "version", "cancel")
@runs(TEXT, "status")
def test_the_reports(server: InteropServer, make_reader: MakeReader) -> None:
    """``gearadmin`` prints the page's table for such a queue, and cancels the job it is told."""
    reader = make_reader(OPERATIONS, server.port)
    for function, workers, jobs in (("resize", 2, 7), ("mail", 4, 130)):
        worker = ["gearman", "-h", "127.0.0.1", "-p", str(server.port), "-w", "-f", function]
        for _ in range(workers):
            reader.terminals.start([*worker, "--", "sleep", "60"])
        reader.type(f"gearman -b -n -f {function}", b"photo\n" * jobs)
        server.await_counts(function, lambda counts, n=workers: counts.running == n)  # type: ignore[misc]
    reader.run("status")
    (version,) = reader.run("version")
    assert version.out.startswith(b"OK ")
    shown = make_reader(TEXT, server.port).run("status")
    assert b"resize\t7\t2\t2\n" in shown[0].out

    handle = server.text("show jobs")[6].split("\t")[0]
    reader.words = {"H:myhost:17": handle}
    jobs_shown, _ = reader.run("cancel")
    assert handle.encode() in jobs_shown.out
    assert server.counts("resize").total == 6


@runs(OPTIONS, "file")
def test_a_configuration_file(make_reader: MakeReader) -> None:
    """Its words are read, and checked: one that is wrong is named."""
    reader = make_reader(OPTIONS, free_port())
    path = reader.save("file", "gearmand.conf")
    check = f"gearman-tx gearmand --check-args --config-file={path}"
    reader.type(check)
    path.write_text(f"{path.read_text()}\n--no-such-option\n", encoding="utf-8")
    assert b"no-such-option" in reader.type(check, status=1).err
