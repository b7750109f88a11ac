"""A job server of a client or worker, under python-gearman's name."""

from __future__ import annotations

from typing import Any

from gearman_tx.blocking.constants import DEFAULT_GEARMAN_PORT
from gearman_tx.blocking.errors import ServerUnavailable
from gearman_tx.blocking.tls import TlsFiles
from gearman_tx.link import Server, parse_server


class GearmanConnection:
    """The address of one job server.

    Args:
        host: its name or address, or one of Twisted's client endpoint strings.
        port: its port; unused with an endpoint string.
        keyfile: the file of this program's private key, for TLS.
        certfile: the file of this program's certificate, for TLS.
        ca_certs: the file of the certificates that may sign the job server's, for TLS.

    Attributes:
        gearman_host: the host.
        gearman_port: the port.
        use_ssl: whether all three files were given, so that the connection uses TLS.
        server: the address as the rest of this package uses it.

    Raises:
        ConfigurationError: the address is not valid.
        ServerUnavailable: the host is None.
    """

    def __init__(
        self,
        host: str | None = None,
        port: int | str | None = DEFAULT_GEARMAN_PORT,
        keyfile: Any = None,
        certfile: Any = None,
        ca_certs: Any = None,
    ) -> None:
        if host is None:
            raise ServerUnavailable("No host specified")
        self.gearman_host = host
        self.gearman_port = int(port or DEFAULT_GEARMAN_PORT)
        self.keyfile = keyfile
        self.certfile = certfile
        self.ca_certs = ca_certs
        self.use_ssl = all((keyfile, certfile, ca_certs))
        self.server = self._make_server(host)

    def _make_server(self, host: str) -> Server:
        if self.use_ssl:
            files = TlsFiles(host, self.gearman_port, self.keyfile, self.certfile, self.ca_certs)
            return Server(f"{host}:{self.gearman_port}", files)
        if host.count(":") == 0 and "=" not in host and "/" not in host:
            return parse_server(f"{host}:{self.gearman_port}")
        server = parse_server(host)
        is_address = server.name.startswith("[")
        return parse_server(f"[{host}]:{self.gearman_port}") if is_address else server

    @property
    def name(self) -> str:
        """Its name in errors and in the log."""
        return self.server.name

    def get_address(self) -> tuple[str, int]:
        """Return the host and the port."""
        return self.gearman_host, self.gearman_port

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(host={self.gearman_host!r}, port={self.gearman_port!r}, "
            f"keyfile={self.keyfile!r}, certfile={self.certfile!r}, ca_certs={self.ca_certs!r})"
        )


def split_address(address: str | tuple[str, int]) -> tuple[str, int]:
    """Return the host and port of ``(host, port)``, ``"host:port"`` or ``"host"``.

    An IPv6 address without a port, or an endpoint string, is returned as the host.

    Raises:
        ValueError: the port is not a number.
    """
    if isinstance(address, tuple):
        host, port = address
        return host, int(port)
    if address.startswith("["):
        host, _, rest = address[1:].partition("]")
        return host, int(rest.removeprefix(":") or DEFAULT_GEARMAN_PORT)
    if address.count(":") == 1 and "/" not in address:
        host, _, port_text = address.partition(":")
        return host, int(port_text)
    return address, DEFAULT_GEARMAN_PORT
