"""The how-to page for users of python-gearman: its programs do what the page says."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from gearman_tx.blocking import GearmanClient, client, errors, job
from tests.docs.blocks import read_block, read_blocks, runs
from tests.docs.conftest import MakeReader
from tests.interop.interop_server import InteropServer
from tests.interop.peer_process import PeerProcess, PeerRunner
from tests.loopback.test_client_tls import write_certificate
from tests.support.ports import free_port
from tests.support.servers import running, start_our_server

PAGE = "docs/how-to/switch-from-python-gearman.rst"


@runs(PAGE, "import")
def test_the_imports() -> None:
    """They give what ``import gearman`` gave."""
    names: dict[str, object] = {}
    for code in read_blocks(PAGE, "import"):
        exec(code, names)  # noqa: S102  # the documentation's own words
    assert vars(names["gearman"])["GearmanClient"] is GearmanClient
    assert names["GearmanClient"] is client.GearmanClient
    assert names["ServerUnavailable"] is errors.ServerUnavailable
    assert names["GearmanJob"] is job.GearmanJob


def start_worker(server: InteropServer, peers: PeerRunner, code: str) -> PeerProcess:
    """Start the worker of the page and wait for it."""
    worker = peers.start([sys.executable, "-c", code])
    server.await_workers("reverse")
    return worker


@runs(PAGE, "worker", "client", "admin")
def test_the_programs(server: InteropServer, peers: PeerRunner, make_reader: MakeReader) -> None:
    """The client gets results, progress and exceptions; the admin client sees the queue."""
    reader = make_reader(PAGE, server.port)
    worker = start_worker(server, peers, reader.code("worker"))
    assert peers.run([sys.executable, "-c", reader.code("client")]).lines == [
        "COMPLETE b'olleh' 1",
        "COMPLETE b'eno' None",
        "COMPLETE b'owt' None",
        "FAILED None b'there is nothing to reverse'",
        "CREATED True",
    ]
    version, *functions = peers.run([sys.executable, "-c", reader.code("admin")]).lines
    assert version.startswith("OK ")
    assert version.endswith(" True")
    assert sorted(functions) == ["later 1 0 0", "reverse 0 0 1"]
    assert "reverser" in " ".join(server.text("workers"))
    worker.process.send_signal(signal.SIGINT)
    assert b"KeyboardInterrupt" in worker.succeed(status=-signal.SIGINT).err


@runs(PAGE, "tls")
def test_tls(tmp_path: Path, peers: PeerRunner) -> None:
    """The client trusts the certificate of the page, and no other; warnings are errors."""
    for name in ("server", "client", "other"):
        pem = tmp_path / f"{name}.pem"
        certificate = write_certificate(pem)
        (tmp_path / f"{name}-cert.pem").write_bytes(certificate)
        (tmp_path / f"{name}-key.pem").write_bytes(pem.read_bytes().removesuffix(certificate))
    port = free_port()
    files = "privateKey=server-key.pem:certKey=server-cert.pem"
    endpoint = f"--endpoint=ssl:{port}:interface=127.0.0.1:{files}"
    code = read_block(PAGE, "tls").replace("4731", str(port))
    for name in ("server", "client", "other"):
        code = code.replace(f'"{name}-', f'"{tmp_path}/{name}-')
    with running(start_our_server(tmp_path, endpoint)):
        assert peers.run([sys.executable, "-W", "error", "-c", code]).lines == ["CREATED"]
        for wrong in ("other-cert.pem", "nowhere.pem", "server-key.pem"):
            command = [sys.executable, "-c", code.replace("server-cert.pem", wrong)]
            outcome = peers.run(command, status=1)
            (error,) = (line for line in outcome.err.decode().splitlines() if "valid conn" in line)
            assert "ServerUnavailable: Found no valid connections in list" in error
            why = {"other-cert.pem": "certificate verify failed"}.get(wrong, f"{tmp_path}/{wrong}")
            assert why in error
