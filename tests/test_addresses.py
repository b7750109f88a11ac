"""The text of a socket's address."""

from __future__ import annotations

import pytest

from gearman_tx.addresses import address_text


@pytest.mark.parametrize(("host", "text"), [("127.0.0.1", "127.0.0.1:4730"), ("::1", "[::1]:4730")])
def test_address_text(host: str, text: str) -> None:
    """An IPv6 address has brackets, which separate it from the port."""
    assert address_text(host, 4730) == text
