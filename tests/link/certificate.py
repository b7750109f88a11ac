"""An untrusted certificate for 127.0.0.1, made for every run of the tests."""

from __future__ import annotations

import warnings
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from twisted.internet.ssl import CertificateOptions, PrivateCertificate


@cache
def server_options() -> CertificateOptions:
    """Return what a TLS server needs."""
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
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM) + key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return _with_context(PrivateCertificate.loadPEM(pem).options())


@cache
def client_options() -> CertificateOptions:
    """Return what a TLS client needs that trusts anybody."""
    return _with_context(CertificateOptions(verify=False))


def _with_context(options: CertificateOptions) -> CertificateOptions:
    """Make the OpenSSL context now; Twisted does so in a way that pyOpenSSL has deprecated."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        options.getContext()
    return options
