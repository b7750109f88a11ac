"""The C server's own transcripts, byte for byte, where ours does not differ on purpose."""

from __future__ import annotations

import os

import pytest

from tests.admin.server_fixture import busy_server, empty_server

UNKNOWN = b"ERR UNKNOWN_COMMAND Unknown+server+command"
INCOMPLETE = b"ERR INVALID_ARGUMENTS An+incomplete+set+of+arguments+was+sent+to+this+command+"

ON_AN_EMPTY_SERVER = [
    (b"status", b".\n"),
    (b"STATUS", b".\n"),
    (b"status extra", b".\n"),
    (b"status ", b".\n"),
    (b"status a b c d", b".\n"),
    (b"status\0junk", b".\n"),
    (b"prioritystatus", b".\n"),
    (b"prioritystatus x", b".\n"),
    (b"workers", b".\n"),
    (b"version", b"OK 1.2.3\n"),
    (b"version x", b"OK 1.2.3\n"),
    (b"verbose", b"OK NOTICE\n"),
    (b"show jobs", b".\n"),
    (b"SHOW JOBS", b".\n"),
    (b"show unique jobs", b".\n"),
    (b"show foo", b"ERR UNKNOWN_SHOW_ARGUMENTS\r\n"),
    (b"show unique", b"ERR UNKNOWN_SHOW_ARGUMENTS\r\n"),
    (b"show ", b"ERR UNKNOWN_SHOW_ARGUMENTS\r\n"),
    (b"show jobs extra", b"ERR UNKNOWN_SHOW_ARGUMENTS\r\n"),
    (b"show jobs ", b"ERR UNKNOWN_SHOW_ARGUMENTS\r\n"),
    (b"show unique jobs extra", b"ERR UNKNOWN_SHOW_ARGUMENTS\r\n"),
    (b"show", UNKNOWN + b"show\r\n"),
    (b"cancel job nope", b"ERR UNKNOWN_JOB\r\n"),
    (b"CANCEL  Job  nope", b"ERR UNKNOWN_JOB\r\n"),
    (b"cancel job ", b"ERR UNKNOWN_JOB\r\n"),
    (b"cancel", UNKNOWN + b"cancel\r\n"),
    (b"cancel job", UNKNOWN + b"cancel\r\n"),
    (b"Cancel foo", UNKNOWN + b"Cancel\r\n"),
    (b"cancel foo bar", b"ERR UNKNOWN_ERROR\r\n"),
    (b"cancel job H:vm:1 extra", b"ERR UNKNOWN_ERROR\r\n"),
    (b"maxqueue", INCOMPLETE + b"maxqueue\r\n"),
    (b"MaxQueue", INCOMPLETE + b"MaxQueue\r\n"),
    (b"maxqueue foo", b"OK\r\n"),
    (b"maxqueue foo 5", b"OK\r\n"),
    (b"maxqueue foo 1 2 3", b"OK\r\n"),
    (b"maxqueue foo -1", b"OK\r\n"),
    (b"maxqueue foo abc", b"OK\r\n"),
    (b"maxqueue ", b"OK\r\n"),
    (b"shutdown", UNKNOWN + b"shutdown\r\n"),
    (b"shutdown graceful", UNKNOWN + b"shutdown\r\n"),
    (b"foo bar", UNKNOWN + b"foo\r\n"),
    (b"foo\0junk", UNKNOWN + b"foo\r\n"),
    (b"foo\tbar", UNKNOWN + b"foo\tbar\r\n"),
    (b"status\r", UNKNOWN + b"status\r\r\n"),
    (b"\xff\xfe", UNKNOWN + b"\xff\xfe\r\n"),
    (b"", UNKNOWN + b"\r\n"),
    (b" ", UNKNOWN + b"\r\n"),
    (b"   ", UNKNOWN + b"\r\n"),
    (b" status", UNKNOWN + b"\r\n"),
    (b"  status", UNKNOWN + b"\r\n"),
    (b"a b c d e", UNKNOWN + b"a\r\n"),
    (b"create function abc", b"OK\r\n"),
    (b"create", INCOMPLETE + b"create\r\n"),
    (b"CREATE", INCOMPLETE + b"CREATE\r\n"),
    (b"create function", INCOMPLETE + b"create\r\n"),
    (b"create function a b", INCOMPLETE + b"create\r\n"),
    (b"create foo bar", INCOMPLETE + b"create\r\n"),
    (b"drop function nothere", b"ERR function not found\r\n"),
    (b"drop", INCOMPLETE + b"drop\r\n"),
    (b"DROP function", INCOMPLETE + b"DROP\r\n"),
    (b"drop function a b", INCOMPLETE + b"drop\r\n"),
    (b"drop foo bar", INCOMPLETE + b"drop\r\n"),
]

ON_A_BUSY_SERVER = [
    (b"status", b"resize\t5\t1\t2\ncrop\t1\t1\t1\n.\n"),
    (b"prioritystatus", b"resize\t0\t3\t1\t2\ncrop\t0\t0\t0\t1\n.\n"),
    (
        b"workers",
        (
            b"11 127.0.0.1 worker-1 : crop resize\n"
            b"12 127.0.0.1 worker-2 : resize\n"
            b"13 127.0.0.1 - :\n"
            b"14 ::1 - :\n.\n"
        ),
    ),
    (
        b"show jobs",
        (
            b"H:vm:1\t0\t0\t1\nH:vm:2\t0\t0\t1\nH:vm:3\t0\t0\t1\n"
            b"H:vm:4\t0\t0\t1\nH:vm:5\t0\t0\t1\nH:vm:6\t0\t0\t0\n.\n"
        ),
    ),
    (b"show unique jobs", b"r0\nr1\nr2\nrh\nrl\ncfg\n.\n"),
    (
        b"drop function resize",
        b"ERR there are still connected workers or executing clients\r\n",
    ),
]


@pytest.mark.parametrize(("line", "reply"), ON_AN_EMPTY_SERVER)
def test_empty_server(line: bytes, reply: bytes) -> None:
    """A server without connections and jobs answers as the C server does."""
    assert empty_server().ask(line) == reply


def test_process_id() -> None:
    """The server tells the id of its process."""
    assert empty_server().ask(b"getpid") == b"OK %d\n" % os.getpid()


@pytest.mark.parametrize(("line", "reply"), ON_A_BUSY_SERVER)
def test_busy_server(line: bytes, reply: bytes) -> None:
    """A server with workers and jobs reports them as the C server does, the oldest first."""
    assert busy_server().ask(line) == reply


def test_functions_come_and_go() -> None:
    """A created function is listed until it is dropped; the oldest is listed first."""
    server = empty_server()
    assert server.ask(b"create function xyz") == b"OK\r\n"
    assert server.ask(b"create function abc") == b"OK\r\n"
    assert server.ask(b"create function abc") == b"OK\r\n"
    assert server.ask(b"status") == b"xyz\t0\t0\t0\nabc\t0\t0\t0\n.\n"
    assert server.ask(b"drop function abc") == b"OK\r\n"
    assert server.ask(b"status") == b"xyz\t0\t0\t0\n.\n"


def test_lost_worker() -> None:
    """A background job whose worker died shows one retry."""
    server = empty_server()
    worker = server.peer(5, b"resize")
    job = server.submit(worker, b"resize")
    server.jobs.dispatch.grab(worker)
    server.jobs.leaving.leave(worker)
    assert server.ask(b"show jobs") == job.handle + b"\t1\t0\t1\n.\n"


def test_abandoned_job() -> None:
    """A foreground job that runs on without its client is shown as one without clients."""
    server = empty_server()
    worker, client = server.peer(5, b"resize"), server.peer(6)
    job = server.call(client, b"resize")
    server.jobs.dispatch.grab(worker)
    server.jobs.leaving.leave(client)
    assert server.ask(b"show jobs") == job.handle + b"\t0\t1\t0\n.\n"


def test_delayed_job_counts_as_normal() -> None:
    """A job whose time has not come is in the total and among those of normal priority."""
    server = empty_server()
    server.delay(server.peer(5), b"resize", 60.0)
    assert server.ask(b"status") == b"resize\t1\t0\t0\n.\n"
    assert server.ask(b"prioritystatus") == b"resize\t0\t1\t0\t0\n.\n"


def test_client_id_with_blanks() -> None:
    """A client id is printed as it is, blanks included, and an empty one as nothing."""
    server = empty_server()
    server.peer(5, client_id=b"my own id")
    server.peer(6, client_id=b"")
    assert server.ask(b"workers") == b"5 127.0.0.1 my own id :\n6 127.0.0.1  :\n.\n"
