"""TLS with python-gearman's three files, as an endpoint of Twisted."""

from __future__ import annotations

import codecs
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
    """Makes an endpoint for mutual TLS between this program and a job server.

    The job server's certificate must be for ``host`` and signed by one of ``ca_certs``. The
    packages of ``gearman-tx[tls]`` are needed.

    Attributes:
        host: the job server's name or address.
        port: its port.
        keyfile: the file of this program's private key.
        certfile: the file of this program's certificate, and of intermediate ones.
        ca_certs: the file of the trusted certificates.
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
            ValueError: a file cannot be read, or has other contents.
        """
        from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415  # TLS is an extra
            load_pem_private_key,
        )
        from cryptography.x509 import load_pem_x509_certificate  # noqa: PLC0415  # from the extra tls
        from OpenSSL import SSL, crypto  # noqa: PLC0415  # from the extra tls
        from twisted.internet import ssl  # noqa: PLC0415  # from the extra tls

        key = self._read("keyfile", self.keyfile)
        own, *between = self._certificates("certfile", self.certfile)
        trusted = self._certificates("ca_certs", self.ca_certs)
        try:
            options = ssl.optionsForClientTLS(
                self.host,
                ssl.trustRootFromCertificates([ssl.Certificate.loadPEM(pem) for pem in trusted]),
                # Twisted's own classes hold objects of pyOpenSSL, which warns of them.
                extraCertificateOptions={
                    "privateKey": load_pem_private_key(key, None),
                    "certificate": load_pem_x509_certificate(own),
                    "extraCertChain": [load_pem_x509_certificate(pem) for pem in between],
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
            return Path(path).read_bytes().removeprefix(codecs.BOM_UTF8)
        except OSError as error:
            raise ValueError(f"the {what} cannot be read: {error}") from error

    def _certificates(self, what: str, path: Any) -> list[bytes]:
        found = _CERTIFICATE.findall(self._read(what, path))
        if not found:
            raise ValueError(f"the {what} {path} holds no certificate in PEM form")
        return found
