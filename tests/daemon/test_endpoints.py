"""Endpoint strings that cannot be used are refused in one line with the reason."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest
from twisted.internet.error import CannotListenError
from twisted.internet.testing import MemoryReactorClock

from gearman_tx.daemon.endpoints import parse_endpoints, reason
from gearman_tx.errors import ConfigurationError


def refusal(*strings: str) -> str:
    """Return why ``strings`` are refused."""
    with pytest.raises(ConfigurationError) as error:
        parse_endpoints(MemoryReactorClock(), strings)
    text = str(error.value)
    assert text.startswith(f"--endpoint={strings[-1]}")
    assert "\n" not in text
    return text.removeprefix(f"--endpoint={strings[-1]}")


def test_endpoints_are_known_by_their_strings() -> None:
    """Each string makes an endpoint."""
    strings = ["unix:/a:mode=600", "tcp:4730:interface=127.0.0.1"]
    assert list(parse_endpoints(MemoryReactorClock(), strings)) == strings


def test_twice_the_same() -> None:
    """An endpoint cannot be given twice."""
    assert refusal("unix:/a", "unix:/a") == " is given twice"


def test_no_endpoint() -> None:
    """The message has Twisted's own reason."""
    assert refusal("carrier-pigeon:1") == ": Unknown endpoint type: 'carrier-pigeon'"
    assert refusal("tcp:http") == ": invalid literal for int() with base 10: 'http'"


def test_a_socket_that_systemd_did_not_hand_over() -> None:
    """By number and by name; neither message is a Python error."""
    words = ": systemd handed over no such socket to this process"
    assert refusal("systemd:domain=INET:index=0") == words
    assert refusal("systemd:domain=INET:name=gearmand") == words


def test_a_key_that_cannot_be_read(tmp_path: Path) -> None:
    """The message names the file."""
    pytest.importorskip("OpenSSL")
    path = tmp_path / "key.pem"
    text = refusal(f"ssl:4731:privateKey={path}")
    assert text == f": No such file or directory ({path})"


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (CannotListenError("", 1, OSError(errno.EACCES, "Permission denied")), "Permission denied"),
        (ImportError("No module named 'OpenSSL'"), "No module named 'OpenSSL'; is the package"),
        (KeyError("missing"), "there is no 'missing'"),
        (ValueError("two\n lines"), "two lines"),
        (RuntimeError(), "RuntimeError"),
    ],
)
def test_reason(error: Exception, text: str) -> None:
    """Any error of a plug-in becomes one line."""
    assert reason("plug-in:1", error).startswith(text)
