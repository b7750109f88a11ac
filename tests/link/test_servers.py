"""Names of job servers: what each spelling means, and which are refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.endpoints import HostnameEndpoint, TCP4ClientEndpoint, UNIXClientEndpoint

from gearman_tx.errors import ConfigurationError
from gearman_tx.link import Server, make_endpoint, parse_server, parse_servers


@pytest.fixture
def reactor() -> Any:
    """Twisted's reactor, which does not run."""
    from twisted.internet import reactor

    return reactor


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("localhost", "localhost:4730"),
        ("LocalHost:4731", "localhost:4731"),
        (" jobs.example.com ", "jobs.example.com:4730"),
        ("127.0.0.1", "127.0.0.1:4730"),
        ("127.0.0.1:1", "127.0.0.1:1"),
        ("::1", "[::1]:4730"),
        ("[::1]", "[::1]:4730"),
        ("[2001:db8::1]:65535", "[2001:db8::1]:65535"),
        ("tcp:localhost:4730", "tcp:localhost:4730"),
        ("unix:/run/gearman.sock", "unix:/run/gearman.sock"),
    ],
)
def test_a_server_is_called_by_one_name(text: str, name: str) -> None:
    """Spellings of one address have one name, which the ring and the log use."""
    assert parse_server(text).name == name


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("localhost", HostnameEndpoint),
        ("[::1]:4730", HostnameEndpoint),
        ("tcp:localhost:4730", TCP4ClientEndpoint),
        ("unix:/run/gearman.sock", UNIXClientEndpoint),
    ],
)
def test_each_spelling_has_its_endpoint(text: str, kind: type, reactor: Any) -> None:
    """A host gets an endpoint for all of its addresses; the rest is as Twisted has it."""
    assert isinstance(make_endpoint(parse_server(text), reactor), kind)


def test_tls_is_an_endpoint_string(reactor: Any) -> None:
    """``tls:host:port`` checks the server's certificate for the host."""
    pytest.importorskip("OpenSSL")
    assert "HostnameEndpoint" in repr(vars(make_endpoint(parse_server("tls:localhost:1"), reactor)))


@pytest.mark.parametrize("text", ["host:0", "host:65536", "[::1]:99999"])
def test_a_wrong_port_is_refused(text: str) -> None:
    """The message has the port and its limits."""
    with pytest.raises(ConfigurationError, match="outside 1 to 65535"):
        parse_server(text)


@pytest.mark.parametrize("text", ["tcp:4730:", "tls:host", "gopher:host:1", "tcp:host:port", "a:b"])
def test_a_wrong_endpoint_string_is_refused(text: str, reactor: Any) -> None:
    """It is found when there is a reactor to read it, and the message has the string."""
    with pytest.raises(ConfigurationError, match=f"^job server {text}: "):
        make_endpoint(parse_server(text), reactor)


@pytest.mark.parametrize("servers", ["", " ", ",", [""]])
def test_an_empty_name_is_refused(servers: str | list[str]) -> None:
    """The message shows what a name looks like."""
    with pytest.raises(ConfigurationError, match="localhost:4730 is one"):
        parse_servers(servers)


def test_no_server_at_all_is_refused() -> None:
    """A list needs at least one."""
    with pytest.raises(ConfigurationError, match="no job server is listed"):
        parse_servers([])


def test_a_server_that_is_listed_twice_is_refused() -> None:
    """It would get twice its share, and two connections."""
    with pytest.raises(ConfigurationError, match="localhost:4730 is listed twice"):
        parse_servers(["localhost", "LOCALHOST:4730"])


def test_a_string_may_list_several() -> None:
    """As in the environment variable that other clients read."""
    names = [server.name for server in parse_servers("one, two:4731,[::1]")]
    assert names == ["one:4730", "two:4731", "[::1]:4730"]


def test_a_server_of_the_programs_own_is_taken_as_it_is() -> None:
    """Any endpoint can be brought under any name."""
    server = Server("mine", lambda reactor: UNIXClientEndpoint(reactor, "/run/x"))
    assert parse_servers([server, "two"])[0] is server


@given(st.text(max_size=30))
def test_any_text_is_a_server_or_refused(text: str) -> None:
    """Nothing else is ever raised, and the name of a TCP server means the same server."""
    try:
        server = parse_server(text)
    except ConfigurationError:
        return
    assert parse_server(server.name) == server
