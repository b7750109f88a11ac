"""Arbitrary lines: each is answered in one of the documented shapes, whatever the server holds."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from gearman_tx.admin import MAX_WORDS, unescape
from gearman_tx.errors import RemoteProtocolError
from tests.admin.server_fixture import ServerFixture, empty_server

ONE_LINE = re.compile(rb"OK\r\n|OK [^\r\n]+\n|ERR [^\n]+\r\n")
REPORTS = {
    b"status": 4,
    b"prioritystatus": 5,
    b"functions": 12,
    b"jobs": 15,
    b"clients": 7,
    b"workers": 1,
    b"show jobs": 4,
    b"show unique jobs": 1,
    b"store": 2,
    b"help": 1,
}
"""Which commands report, and how many columns separated by tabs each report has."""

WORDS = (
    b"status prioritystatus workers show jobs unique cancel job create function drop functions "
    b"maxqueue getpid version verbose help store shutdown graceful clients * running queued "
    b"delayed H:vm:1 H:vm:2 f -1 0 7 99999999999 \\x66 \\x00 \\x0a"
).split()

names = st.binary(max_size=6).map(lambda name: name.replace(b"\0", b"\x01"))
words = st.sampled_from(WORDS) | st.sampled_from(WORDS).map(bytes.upper) | names
spoken = st.lists(words, max_size=7).map(b" ".join)
lines = (spoken | st.binary(max_size=40)).map(lambda line: line.replace(b"\n", b"\r"))


@st.composite
def servers(draw: st.DrawFn) -> ServerFixture:
    """Make a server with a few connections, functions and jobs of arbitrary names."""
    server = empty_server(shutdown=draw(st.none() | st.just(lambda _: None)), max_functions=6)
    worker = server.peer(3, *draw(st.lists(names, max_size=2)), client_id=draw(names))
    client = server.peer(4, client_id=draw(names))
    for function in [b"f", *draw(st.lists(names, max_size=1))]:
        server.submit(client, function, draw(names))
        server.call(client, function, draw(names))
        server.delay(client, function, 3.0)
    server.jobs.dispatch.grab(worker)
    server.jobs.dispatch.pre_sleep(worker)
    return server


def columns(line: bytes) -> int | None:
    """Return the columns of the report that ``line`` asks for, None if it asks for none."""
    verb, *rest = re.split(rb" +", line.lower())
    keyword = b" ".join([verb, *rest]) if verb == b"show" else verb
    return REPORTS.get(keyword.partition(b"\0")[0])


@given(servers(), st.lists(lines, min_size=1, max_size=5))
def test_every_line_is_answered(server: ServerFixture, asked: list[bytes]) -> None:
    """A line gives one OK, one ERR or one report, or more than five words end the connection."""
    for line in asked:
        try:
            reply = server.ask(line)
        except RemoteProtocolError:
            assert len(re.split(rb" +", line)) > MAX_WORDS
            continue
        width = columns(line)
        if width is None or reply.startswith(b"ERR "):
            assert ONE_LINE.fullmatch(reply)
            continue
        *rows, end, nothing = reply.split(b"\n")
        assert (end, nothing) == (b".", b"")
        assert {row.count(b"\t") + 1 for row in rows} <= {width}
        assert b"." not in rows


@given(st.lists(names, max_size=8, unique=True), names)
def test_names_are_read_back(functions: list[bytes], client_id: bytes) -> None:
    """A program that reads a report finds the very names that the worker sent."""
    server = empty_server()
    server.peer(3, *functions, client_id=client_id)
    rows = server.ask(b"status").split(b"\n")[:-2]
    assert [unescape(row.split(b"\t")[0]) for row in rows] == functions
    assert unescape(server.ask(b"clients").split(b"\t")[2]) == client_id
