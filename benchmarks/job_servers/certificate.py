"""A self-signed certificate for one run; the load programs do not check it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.errors import BenchmarkError


def write_certificate(path: Path) -> None:
    """Write a key and its certificate for ``localhost``, valid for a day, into one PEM file.

    Raises:
        BenchmarkError: the libraries for TLS are missing.
    """
    try:
        from cryptography import x509  # noqa: PLC0415  # only runs with TLS need it
        from cryptography.hazmat.primitives import hashes, serialization  # noqa: PLC0415
        from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415
    except ImportError as error:
        raise BenchmarkError("kinds with TLS need the extra [tls]") from error
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    valid = builder.not_valid_before(now - timedelta(hours=1)).not_valid_after(
        now + timedelta(days=1)
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    public = valid.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    path.touch(0o600)
    path.write_bytes(private + public)
