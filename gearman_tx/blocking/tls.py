"""The three files with which python-gearman speaks TLS, as an endpoint of Twisted."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

from attrs import frozen
from twisted.internet.endpoints import HostnameEndpoint, wrapClientTLS
from twisted.internet.interfaces import IStreamClientEndpoint

from gearman_tx.link.servers import CONNECT_TIMEOUT

_CERTIFICATE: Final = re.compile(
    rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL
)


@frozen
class TlsFiles:
    """Makes an endpoint by which a job server and this program prove to each other who they are.

    The job server's certificate must be signed by one of ``ca_certs`` and be for ``host``. It
    needs the packages of ``gearman-tx[tls]``.

    Attributes:
        host: the job server's name, or its address.
        port: its port.
        keyfile: the file of this program's private key.
        certfile: the file of its certificate, and of those between it and the root.
        ca_certs: the file of the certificates that are trusted.
    """

    host: str
    port: int
    keyfile: Any
    certfile: Any
    ca_certs: Any

    def __call__(self, reactor: Any) -> IStreamClientEndpoint:
        """Return the endpoint.

        Raises:
            ImportError: a package of ``gearman-tx[tls]`` is missing.
            ValueError: a file cannot be read, or holds something else.
        """
        from OpenSSL import SSL, crypto  # noqa: PLC0415  # TLS is an extra
        from twisted.internet import ssl  # noqa: PLC0415  # likewise

        key = self._read("keyfile", self.keyfile)
        own, *between = self._certificates("certfile", self.certfile)
        trusted = self._certificates("ca_certs", self.ca_certs)
        try:
            options = ssl.optionsForClientTLS(
                self.host,
                ssl.trustRootFromCertificates([ssl.Certificate.loadPEM(pem) for pem in trusted]),
                ssl.PrivateCertificate.loadPEM(own + b"\n" + key),
                extraCertificateOptions={
                    "extraCertChain": [ssl.Certificate.loadPEM(pem).original for pem in between]
                },
            )
        except (SSL.Error, crypto.Error) as error:
            raise ValueError(
                f"{self.keyfile}, {self.certfile}, {self.ca_certs}: {error}"
            ) from error
        return wrapClientTLS(
            options, HostnameEndpoint(reactor, self.host, self.port, CONNECT_TIMEOUT)
        )

    def _read(self, what: str, path: Any) -> bytes:
        try:
            return Path(path).read_bytes()
        except OSError as error:
            raise ValueError(f"the {what} cannot be read: {error}") from error

    def _certificates(self, what: str, path: Any) -> list[bytes]:
        found = _CERTIFICATE.findall(self._read(what, path))
        if not found:
            raise ValueError(f"the {what} {path} holds no certificate in PEM form")
        return found
