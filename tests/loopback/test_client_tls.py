"""Client and worker over TLS and Unix sockets: the endpoint decides whom they believe."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from twisted.internet.endpoints import TCP4ClientEndpoint, wrapClientTLS
from twisted.internet.ssl import Certificate, optionsForClientTLS

from gearman_tx.errors import NoServer
from gearman_tx.link import Server
from gearman_tx.testing import ServerProcess
from gearman_tx.worker import Worker
from tests.loopback.servers_case import ServersCase
from tests.support.ports import free_port

# Twisted makes its OpenSSL contexts in a way that pyOpenSSL has deprecated.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def write_certificate(path: Path) -> bytes:
    """Write a new key and a certificate for localhost that it signs itself; return the latter."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.write_bytes(private + certificate)
    return certificate


def trusting(port: int, certificate: bytes) -> Server:
    """Return the server on ``port``, believed when it has that certificate."""

    def make_endpoint(reactor: Any) -> Any:
        trusted = optionsForClientTLS("localhost", Certificate.loadPEM(certificate))
        return wrapClientTLS(trusted, TCP4ClientEndpoint(reactor, "127.0.0.1", port))

    return Server("tls", make_endpoint)


class TLSTests(ServersCase):
    """Against our server; Debian's C server is built without TLS."""

    kind = "ours"

    def start_tls(self) -> tuple[ServerProcess, int, bytes]:
        """Return a server that listens with TLS too, the port for that, and its certificate."""
        path, port = self.folder / "server.pem", free_port()
        certificate = write_certificate(path)
        endpoint = f"ssl:{port}:interface=127.0.0.1:privateKey={path}:certKey={path}"
        return self.start_server(f"--endpoint={endpoint}"), port, certificate

    async def test_a_trusted_certificate(self) -> None:
        """Tasks, large ones too, go there and back."""
        server, port, certificate = self.start_tls()
        await self.start_worker(server)
        client = self.make_client(trusting(port, certificate))
        assert await client.submit("reverse", b"abc") == b"cba"
        workload = bytes(range(256)) * 8192
        assert await client.submit("reverse", workload) == workload[::-1]

    async def test_a_worker_with_a_trusted_certificate(self) -> None:
        """Jobs and results, large ones too, go over TLS at both ends."""
        _server, port, certificate = self.start_tls()
        worker = Worker([trusting(port, certificate)], concurrency=2, reactor=self.reactor)
        worker.register("reverse", lambda job: job.workload[::-1])
        self.addCleanup(worker.give_back)
        await worker.start()
        client = self.make_client(trusting(port, certificate))
        workload = bytes(range(256)) * 8192
        results = await client.submit_many("reverse", [b"abc", workload, b"def"] * 10)
        assert results == [b"cba", workload[::-1], b"fed"] * 10

    async def test_an_unknown_certificate(self) -> None:
        """``tls:host:port`` accepts only certificates that the system trusts; the error says so."""
        _server, port, _certificate = self.start_tls()
        client = self.make_client(f"tls:localhost:{port}", accept_timeout=0.5)
        with pytest.raises(NoServer, match="certificate verify failed"):
            await client.submit("f", b"x")

    async def test_a_unix_socket(self) -> None:
        """``unix:path`` needs no port."""
        path = self.folder / "socket"
        server = self.start_server(f"--endpoint=unix:{path}")
        await self.start_worker(server)
        assert await self.make_client(f"unix:{path}").submit("reverse", b"abc") == b"cba"
