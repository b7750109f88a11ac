"""The arguments of clients, workers and admin clients, without a connection."""

from __future__ import annotations

import codecs
import logging
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.testing import MemoryReactorClock

from gearman_tx.blocking import (
    PRIORITY_HIGH,
    DataEncoder,
    GearmanAdminClient,
    GearmanClient,
    GearmanJob,
    GearmanJobRequest,
    GearmanWorker,
)
from gearman_tx.blocking.connection import GearmanConnection
from gearman_tx.blocking.errors import (
    GearmanError,
    InvalidClientState,
    ProtocolError,
    ServerUnavailable,
)
from gearman_tx.blocking.tls import TlsFiles
from gearman_tx.errors import ConfigurationError
from tests.loopback.test_client_tls import write_certificate

TLS = {"host": "jobs1", "port": "4731", "keyfile": "k", "certfile": "c", "ca_certs": "a"}


@pytest.mark.parametrize(
    ("given", "name", "address"),
    [
        ("jobs1", "jobs1:4730", ("jobs1", 4730)),
        ("jobs1:4731", "jobs1:4731", ("jobs1", 4731)),
        (("jobs1", 4731), "jobs1:4731", ("jobs1", 4731)),
        (("jobs1", "4731"), "jobs1:4731", ("jobs1", 4731)),
        ("::1", "[::1]:4730", ("::1", 4730)),
        ("[::1]", "[::1]:4730", ("::1", 4730)),
        ("[::1]:4731", "[::1]:4731", ("::1", 4731)),
        (("::1", 4731), "[::1]:4731", ("::1", 4731)),
        ("unix:/run/gearman.sock", "unix:/run/gearman.sock", ("unix:/run/gearman.sock", 4730)),
        ("tls:jobs1:4731", "tls:jobs1:4731", ("tls:jobs1:4731", 4730)),
        (TLS, "jobs1:4731", ("jobs1", 4731)),
    ],
)
def test_a_server_in_each_spelling(given: Any, name: str, address: tuple[str, int]) -> None:
    """Strings, pairs and dictionaries; the name is what errors and the log say."""
    (connection,) = GearmanWorker([given]).connection_list
    assert connection.name == name
    assert connection.get_address() == address
    assert connection.use_ssl == (given is TLS)


@pytest.mark.parametrize("given", ["jobs1:http", ("jobs1", "http")])
def test_a_port_that_is_no_number(given: Any) -> None:
    """ValueError, as in python-gearman."""
    with pytest.raises(ValueError, match="http"):
        GearmanClient([given])


def test_servers_that_are_none() -> None:
    """The error names what is wrong with each."""
    with pytest.raises(ServerUnavailable, match="No host specified"):
        GearmanConnection()
    with pytest.raises(ConfigurationError, match="port 70000 is outside 1 to 65535"):
        GearmanClient(["jobs1:70000"])
    with pytest.raises(GearmanError, match="Incomplete SSL connection definition"):
        GearmanClient([{"host": "jobs1", "port": 4731}])
    with pytest.raises(GearmanError, match="Expected str, tuple or dict; got 5"):
        GearmanClient([5])
    for servers in ([], ["jobs1", "jobs2"]):
        with pytest.raises(GearmanError, match="Only pass a single host"):
            GearmanAdminClient(servers)


def test_servers_are_added() -> None:
    """One by one, after the list; the object shows them all."""
    client = GearmanClient(["jobs1"])
    plain = client.add_connection("jobs2:4731")
    secret = client.add_ssl_connection("jobs3", 4732, "key.pem", "cert.pem", "ca.pem")
    assert client.connection_list[1:] == [plain, secret]
    assert repr(client).startswith("<GearmanClient connection_list=[GearmanConnection(host='jobs1'")
    assert repr(secret) == (
        "GearmanConnection(host='jobs3', port=4732, keyfile='key.pem', certfile='cert.pem', "
        "ca_certs='ca.pem')"
    )


def test_an_encoder_that_makes_something_else() -> None:
    """Neither bytes nor text: an error before anything is sent."""

    class Broken(DataEncoder):
        @classmethod
        def encode(cls, encodable_object: Any) -> Any:
            return [encodable_object]

    class Client(GearmanClient):
        data_encoder = Broken

    with pytest.raises(ProtocolError, match="Broken made list of data, not bytes or str"):
        Client(["jobs1"]).submit_job("f", b"x")
    for method in (DataEncoder.encode, DataEncoder.decode):
        with pytest.raises(NotImplementedError):
            method(b"x")


def test_what_cannot_be_submitted() -> None:
    """An unknown priority, and a request that no server has accepted."""
    client = GearmanClient(["jobs1"])
    with pytest.raises(ProtocolError, match="the priority 'high' is none of None, 'LOW', 'HIGH'"):
        client.submit_job("f", b"x", priority="high")
    request = GearmanJobRequest(GearmanJob(None, None, "f", "u", b"x"), PRIORITY_HIGH)
    with pytest.raises(InvalidClientState, match="no job server has accepted the request: Gearm"):
        client.get_job_status(request)
    assert request.unique == "u"
    assert request.priority == PRIORITY_HIGH


def test_a_refusal_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """By Python's logging, as an error, unless a subclass does otherwise."""
    with caplog.at_level(logging.ERROR):
        assert not GearmanClient(["jobs1"]).on_gearman_error(b"QUEUE_ERROR", b"full")
    assert "Received error from server: b'QUEUE_ERROR': b'full'" in caplog.text


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # pyOpenSSL's, about Twisted
@pytest.mark.parametrize("begin", [b"", codecs.BOM_UTF8])
def test_files_of_windows(tmp_path: Path, begin: bytes) -> None:
    """Keys and certificates may have a byte order mark and the line ends of Windows."""
    certificate = write_certificate(tmp_path / "key.pem")
    (tmp_path / "cert.pem").write_bytes(certificate)
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    for path in (key, cert):
        path.write_bytes(begin + path.read_bytes().replace(b"\n", b"\r\n"))
    TlsFiles("localhost", 4731, key, cert, cert)(MemoryReactorClock())
