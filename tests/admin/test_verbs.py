"""What the commands do, and the replies that the C server does not have."""

from __future__ import annotations

import pytest

from gearman_tx.admin import MAX_WORDS, VERBOSITIES, AdminCommands
from gearman_tx.admin.verbs import SHUTDOWN, VERBS
from gearman_tx.errors import ConfigurationError, RemoteProtocolError
from tests.admin.server_fixture import Port, ServerFixture, busy_server, empty_server


def limits(server: ServerFixture, name: bytes) -> tuple[int, int, int]:
    """Return the limits of the function ``name``."""
    return server.jobs.tables.functions[name].settings.max_queue


@pytest.mark.parametrize("line", [b"a b c d e f", b"status a b c d ", b"maxqueue foo 1 2 3 "])
def test_too_many_words(line: bytes) -> None:
    """A sixth word, be it an empty one, is an error of the peer, raised before any iteration."""
    with pytest.raises(RemoteProtocolError, match=f"more than {MAX_WORDS} words"):
        empty_server().reply(line)


def test_nothing_happens_before_the_first_piece() -> None:
    """A command acts when the first piece of its reply is taken, not when it is asked."""
    server = empty_server()
    reply = server.reply(b"create function abc")
    assert not server.jobs.tables.functions
    assert next(reply) == b"OK\r\n"
    assert b"abc" in server.jobs.tables.functions


def test_report_in_slices() -> None:
    """A report that is made in slices leaves out what ended in between and raises nothing."""
    server = empty_server()
    client = server.peer(5)
    first, second, third = (server.submit(client, b"resize") for _ in range(3))
    reply = server.reply(b"show jobs")
    pieces = [next(reply)]
    server.jobs.control.cancel(first.handle)
    server.jobs.control.cancel(second.handle)
    pieces += reply
    shown = [line.partition(b"\t")[0] for line in b"".join(pieces).splitlines()]
    assert shown == [first.handle, third.handle, b"."]


def test_unknown_verbosity() -> None:
    """A level that the C server does not have is refused at once, with those that it has."""
    with pytest.raises(ConfigurationError, match="'LOUD' is none of FATAL, ALERT"):
        empty_server(verbosity="LOUD")


@pytest.mark.parametrize("level", VERBOSITIES)
def test_verbose(level: str) -> None:
    """The answer is the level that the server was started with."""
    assert empty_server(verbosity=level).ask(b"verbose") == b"OK %b\n" % level.encode()


def test_cancel() -> None:
    """A cancelled job is gone, its client gets one WORK_FAIL, cancelling again finds nothing."""
    server = empty_server()
    port = Port(5)
    job = server.call(server.jobs.join(port), b"resize")
    assert server.ask(b"cancel job " + job.handle) == b"OK\r\n"
    assert server.ask(b"show jobs") == b".\n"
    assert server.ask(b"cancel job " + job.handle) == b"ERR UNKNOWN_JOB\r\n"
    assert port.failures == [job.handle]


def test_drop_without_regard_to_case() -> None:
    """The function of exactly the name is dropped, and without it one of another case."""
    server = empty_server()
    for name in (b"Resize", b"resize"):
        server.ask(b"create function " + name)
    assert server.ask(b"drop function resize") == b"OK\r\n"
    assert server.ask(b"status") == b"Resize\t0\t0\t0\n.\n"
    assert server.ask(b"drop function resize") == b"OK\r\n"
    assert server.ask(b"drop function resize") == b"ERR function not found\r\n"


def test_drop_takes_the_jobs() -> None:
    """Dropping a function ends its waiting jobs and tells their clients."""
    server = empty_server()
    port = Port(5)
    job = server.call(server.jobs.join(port), b"resize")
    assert server.ask(b"drop function resize") == b"OK\r\n"
    assert server.ask(b"show jobs") == b".\n"
    assert port.failures == [job.handle]


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        (b"", (0, 0, 0)),
        (b" 5", (5, 5, 5)),
        (b" 5 6", (5, 6, 0)),
        (b" 5 6 7", (5, 6, 7)),
        (b" 0", (0, 0, 0)),
        (b" -1", (0, 0, 0)),
        (b" abc", (0, 0, 0)),
        (b" 12x", (12, 12, 12)),
        (b" -5 +7 0x10", (0, 7, 0)),
        (b" ", (0, 0, 0)),
        (b" 99999999999999999999", (2**31 - 1,) * 3),
    ],
)
def test_max_queue(numbers: bytes, expected: tuple[int, int, int]) -> None:
    """Numbers are limits for high, normal and low; one is for all, what is missing is none."""
    server = empty_server()
    assert server.ask(b"maxqueue resize 9 9 9") == b"OK\r\n"
    assert server.ask(b"maxqueue resize" + numbers) == b"OK\r\n"
    assert limits(server, b"resize") == expected


def test_limits_are_read_back() -> None:
    """What ``maxqueue`` set stands in the function's row in ``functions``."""
    server = empty_server()
    server.ask(b"maxqueue resize 1 2 3")
    server.ask(b"maxqueue crop")
    zeros = b"\t0" * 7
    rows = b"resize%b\t1\t2\t3\t-\n" % zeros, b"crop%b\t0\t0\t0\t-\n" % zeros
    assert server.ask(b"functions") == b"".join(rows) + b".\n"
    assert server.ask(b"functions *") == b"".join(rows) + b".\n"
    assert server.ask(b"functions crop") == rows[1] + b".\n"
    assert server.ask(b"functions rotate") == b".\n"


@pytest.mark.parametrize("command", [b"create function ", b"maxqueue "])
def test_refusals_of_the_queues(command: bytes) -> None:
    """What the queues refuse is one ERR line with pluses for blanks."""
    server = empty_server(max_functions=1)
    assert server.ask(command + b"f" * 8150) == b"OK\r\n"
    full = b"ERR QUEUE_ERROR Too+many+functions,+the+limit+is+1\r\n"
    assert server.ask(command + b"g") == full
    server = empty_server()
    long = b"ERR ARGUMENT_TOO_LARGE Function+name+has+8192+bytes,+the+limit+is+8191\r\n"
    assert server.ask(command + b"f" * 8192) == long


@pytest.mark.parametrize("command", [b"create function ", b"maxqueue "])
def test_no_nul_in_new_names(command: bytes) -> None:
    """A name that no submission could ever have is not made known."""
    server = empty_server()
    reply = server.ask(command + rb"re\x00size")
    assert reply == b"ERR INVALID_ARGUMENTS A+function+name+cannot+hold+a+NUL\r\n"
    assert server.ask(b"status") == b".\n"


@pytest.mark.parametrize(("line", "graceful"), [(b"shutdown", False), (b"ShutDown GRACEFUL", True)])
def test_shutdown(line: bytes, *, graceful: bool) -> None:
    """Where it is allowed, shutdown is passed on and answered."""
    asked: list[bool] = []
    server = empty_server(shutdown=asked.append)
    assert server.ask(line) == b"OK\r\n"
    assert asked == [graceful]


@pytest.mark.parametrize("line", [b"shutdown now", b"shutdown ", b"shutdown graceful now"])
def test_shutdown_with_other_words(line: bytes) -> None:
    """A misspelt shutdown stops nothing."""
    asked: list[bool] = []
    reply = empty_server(shutdown=asked.append).ask(line)
    assert reply.startswith(b"ERR INVALID_ARGUMENTS ")
    assert reply.endswith(b"+shutdown\r\n")
    assert not asked


EXAMPLES = {
    b"cancel": b"cancel job H:vm:3",
    b"create": b"create function rotate",
    b"drop": b"drop function rotate",
    b"job": b"job H:vm:3",
    b"maxqueue": b"maxqueue resize 9",
    b"show": b"show jobs",
}
"""A command for each verb that needs words behind it, which succeeds on the server of the test."""


@pytest.mark.parametrize("verb", sorted({**VERBS, **SHUTDOWN}))
def test_changes(verb: bytes) -> None:
    """A verb is marked as changing if and only if it changes a function or a job."""
    asked: list[bool] = []
    server = empty_server(shutdown=asked.append)
    worker, client = server.peer(5, b"resize"), server.peer(6)
    for _ in range(3):
        server.submit(client, b"resize")
    server.jobs.dispatch.grab(worker)
    if verb != b"create":
        server.ask(b"create function rotate")
    before = [*server.jobs.snapshots.functions()], [*server.jobs.snapshots.jobs()]
    command = EXAMPLES.get(verb, verb)
    assert not server.ask(command).startswith(b"ERR")
    after = [*server.jobs.snapshots.functions()], [*server.jobs.snapshots.jobs()]
    assert server.admin.changes(command) == (after != before)
    assert server.admin.changes(command.upper()) == (after != before)
    assert asked == [False] * (verb == b"shutdown")


@pytest.mark.parametrize(
    ("line", "expected"),
    [(b"", False), (b"creates function x", False), (b" create", False), (b"create\0s", True)],
)
def test_changes_reads_the_first_word_as_reply_does(line: bytes, *, expected: bool) -> None:
    """Blanks in front make another command, and a NUL ends the word."""
    assert empty_server().admin.changes(line) == expected


def test_help() -> None:
    """Every command that is understood has its line, and the list ends with a dot."""
    server = empty_server()
    lines = server.ask(b"help").decode().splitlines()
    assert lines[-1] == "."
    assert {line.split()[0].encode() for line in lines[:-1]} == set(server.admin.verbs)
    assert not [line for line in lines if len(line) > 100]
    commands = [line.partition("  ")[0] for line in lines[:-1]]
    assert "show unique jobs" in commands
    assert len(set(commands)) == len(commands)


def test_help_shows_shutdown_where_it_is_allowed() -> None:
    """The two ways to stop a server are listed only by one that obeys them."""
    allowed = empty_server(shutdown=lambda _: None).ask(b"help")
    assert allowed.count(b"\nshutdown") == 2
    assert b"shutdown" not in empty_server().ask(b"help")


def test_verbs_are_not_shared() -> None:
    """Allowing shutdown in one server does not allow it in another."""
    server = empty_server(shutdown=lambda _: None)
    other = AdminCommands(server.jobs, version="1")
    assert b"shutdown" not in other.verbs


def test_reports_read_the_time() -> None:
    """Ages are counted from the time that the tables were told."""
    server = busy_server()
    server.jobs.tables.now += 100.0
    ages = {row.split(b"\t")[6] for row in server.ask(b"jobs").splitlines()[:-1]}
    assert ages == {b"112"}
