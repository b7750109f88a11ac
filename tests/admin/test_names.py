"""Names with every byte value: in every report, and back in arguments."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gearman_tx.admin import escape, unescape
from tests.admin.server_fixture import empty_server

CONTROLS = [*range(0x20), 0x7F]


@pytest.mark.parametrize("number", range(256))
def test_every_byte(number: int) -> None:
    """A control character is escaped, every other byte is written as it is."""
    byte = bytes([number])
    written = b"\\x%02x" % number if number in CONTROLS else byte
    assert escape(b"a" + byte + b"z") == b"a" + written + b"z"
    assert unescape(written) == byte


@pytest.mark.parametrize(
    ("name", "written"),
    [
        (b"", b""),
        (b"plain", b"plain"),
        (b"two words", b"two words"),
        ("Größe".encode(), "Größe".encode()),
        (rb"App\Jobs\Resize", rb"App\Jobs\Resize"),
        (rb"App\xml", rb"App\xml"),
        (rb"App\xfade", rb"App\x5cxfade"),
        (b"\\\t", rb"\\x09"),
        (rb"\x5cx41", rb"\x5cx5cx41"),
        (b"team\tresize", rb"team\x09resize"),
        (b"\\x4\n", rb"\x4\x0a"),
    ],
)
def test_written_forms(name: bytes, written: bytes) -> None:
    """A backslash is escaped only where an escape seems to start."""
    assert escape(name) == written
    assert unescape(written) == name


@pytest.mark.parametrize(
    ("typed", "name"), [(rb"two\x20words", b"two words"), (rb"\x4A\X4a\x4", b"J\\X4a\\x4")]
)
def test_other_typed_forms(typed: bytes, name: bytes) -> None:
    """Any byte may be typed as an escape, in either case of digits, but not of the ``x``."""
    assert unescape(typed) == name


@given(st.binary() | st.text(r"\x05cCaA", max_size=12).map(str.encode))
@example(bytes(range(256)))
def test_round_trip(name: bytes) -> None:
    """Every name has a written form without control characters, which names it again."""
    written = escape(name)
    assert not set(CONTROLS) & set(written)
    assert unescape(written) == name


@pytest.mark.parametrize("number", range(256))
def test_every_byte_in_reports(number: int) -> None:
    """Whatever is in a function, unique or id, each report keeps its rows and columns."""
    server = empty_server()
    name = b"a" + bytes([number]) + b"z"
    worker = server.peer(7, name, client_id=name)
    server.submit(worker, name, name)
    written = escape(name)
    assert server.ask(b"status") == written + b"\t1\t0\t1\n.\n"
    assert server.ask(b"prioritystatus") == written + b"\t0\t1\t0\t1\n.\n"
    assert server.ask(b"functions") == written + b"\t1\t0\t1\t0\t0\t0\t1\t0\t0\t0\t0\n.\n"
    assert server.ask(b"workers") == b"7 127.0.0.1 %b : %b\n.\n" % (written, written)
    assert server.ask(b"clients") == b"7\t127.0.0.1\t%b\t1\t0\t0\tidle\n.\n" % written
    assert server.ask(b"show unique jobs") == written + b"\n.\n"
    cells = server.ask(b"jobs").removesuffix(b"\n.\n").split(b"\t")
    assert cells[:4] == [b"H:vm:1", written, written, b"queued"]
    assert len(cells) == 15
    server.jobs.dispatch.grab(worker)
    assert server.ask(b"jobs").removesuffix(b"\n.\n").split(b"\t")[14] == written


@pytest.mark.parametrize("number", range(1, 256))
def test_every_byte_in_arguments(number: int) -> None:
    """A function is named by what reports show, with blanks typed as escapes."""
    server = empty_server()
    name = b"a" + bytes([number]) + b"z"
    typed = escape(name).replace(b" ", rb"\x20")
    assert server.ask(b"create function " + typed) == b"OK\r\n"
    assert list(server.jobs.tables.functions) == [name]
    assert server.ask(b"maxqueue %b 3" % typed) == b"OK\r\n"
    assert server.jobs.tables.functions[name].settings.max_queue == (3, 3, 3)
    assert server.ask(b"functions " + typed).count(b"\n") == 2
    job = server.submit(server.peer(7), name)
    assert server.ask(b"jobs " + typed).startswith(job.handle)
    assert server.ask(b"drop function " + typed) == b"OK\r\n"
    assert not server.jobs.tables.functions


def test_unique_of_one_dot() -> None:
    """A unique that would look like the end of the report is escaped."""
    server = empty_server()
    client = server.peer(7)
    for unique in (b".", b"..", b""):
        server.submit(client, b"resize", unique)
    assert server.ask(b"show unique jobs") == b"\\x2e\n..\n\n.\n"
