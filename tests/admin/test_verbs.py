"""What the commands do, and the replies that the C server does not have."""

from __future__ import annotations

import pytest

from gearman_tx.admin import MAX_WORDS, VERBOSITIES, AdminCommands
from gearman_tx.admin.verbs import SHUTDOWN, VERBS
from gearman_tx.errors import ConfigurationError, RemoteProtocolError
from tests.admin.scene import Port, Scene, busy_scene, empty_scene


def limits(scene: Scene, name: bytes) -> tuple[int, int, int]:
    """Return the limits of the function ``name``."""
    return scene.jobs.tables.functions[name].settings.max_queue


@pytest.mark.parametrize("line", [b"a b c d e f", b"status a b c d ", b"maxqueue foo 1 2 3 "])
def test_too_many_words(line: bytes) -> None:
    """A sixth word, be it an empty one, is an error of the peer, raised before any iteration."""
    with pytest.raises(RemoteProtocolError, match=f"more than {MAX_WORDS} words"):
        empty_scene().reply(line)


def test_nothing_happens_before_the_first_piece() -> None:
    """A command acts when the first piece of its reply is taken, not when it is asked."""
    scene = empty_scene()
    reply = scene.reply(b"create function abc")
    assert not scene.jobs.tables.functions
    assert next(reply) == b"OK\r\n"
    assert b"abc" in scene.jobs.tables.functions


def test_report_in_slices() -> None:
    """A report that is made in slices leaves out what ended in between and raises nothing."""
    scene = empty_scene()
    client = scene.peer(5)
    first, second, third = (scene.submit(client, b"resize") for _ in range(3))
    reply = scene.reply(b"show jobs")
    pieces = [next(reply)]
    scene.jobs.control.cancel(first.handle)
    scene.jobs.control.cancel(second.handle)
    pieces += reply
    shown = [line.partition(b"\t")[0] for line in b"".join(pieces).splitlines()]
    assert shown == [first.handle, third.handle, b"."]


def test_unknown_verbosity() -> None:
    """A level that the C server does not have is refused at once, with those that it has."""
    with pytest.raises(ConfigurationError, match="'LOUD' is none of FATAL, ALERT"):
        empty_scene(verbosity="LOUD")


@pytest.mark.parametrize("level", VERBOSITIES)
def test_verbose(level: str) -> None:
    """The level that the server was started with is told."""
    assert empty_scene(verbosity=level).ask(b"verbose") == b"OK %b\n" % level.encode()


def test_cancel() -> None:
    """A cancelled job is gone, its client is told once, and cancelling again finds nothing."""
    scene = empty_scene()
    port = Port(5)
    job = scene.call(scene.jobs.join(port), b"resize")
    assert scene.ask(b"cancel job " + job.handle) == b"OK\r\n"
    assert scene.ask(b"show jobs") == b".\n"
    assert scene.ask(b"cancel job " + job.handle) == b"ERR UNKNOWN_JOB\r\n"
    assert port.failures == [job.handle]


def test_drop_without_regard_to_case() -> None:
    """The function of exactly the name is dropped, and without it one of another case."""
    scene = empty_scene()
    for name in (b"Resize", b"resize"):
        scene.ask(b"create function " + name)
    assert scene.ask(b"drop function resize") == b"OK\r\n"
    assert scene.ask(b"status") == b"Resize\t0\t0\t0\n.\n"
    assert scene.ask(b"drop function resize") == b"OK\r\n"
    assert scene.ask(b"drop function resize") == b"ERR function not found\r\n"


def test_drop_takes_the_jobs() -> None:
    """Dropping a function ends its waiting jobs and tells their clients."""
    scene = empty_scene()
    port = Port(5)
    job = scene.call(scene.jobs.join(port), b"resize")
    assert scene.ask(b"drop function resize") == b"OK\r\n"
    assert scene.ask(b"show jobs") == b".\n"
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
    scene = empty_scene()
    assert scene.ask(b"maxqueue resize 9 9 9") == b"OK\r\n"
    assert scene.ask(b"maxqueue resize" + numbers) == b"OK\r\n"
    assert limits(scene, b"resize") == expected


def test_limits_are_read_back() -> None:
    """What ``maxqueue`` set is the end of the function's row in ``functions``."""
    scene = empty_scene()
    scene.ask(b"maxqueue resize 1 2 3")
    scene.ask(b"maxqueue crop")
    rows = b"resize\t0\t0\t0\t0\t0\t0\t0\t1\t2\t3\n", b"crop\t0\t0\t0\t0\t0\t0\t0\t0\t0\t0\n"
    assert scene.ask(b"functions") == b"".join(rows) + b".\n"
    assert scene.ask(b"functions *") == b"".join(rows) + b".\n"
    assert scene.ask(b"functions crop") == rows[1] + b".\n"
    assert scene.ask(b"functions rotate") == b".\n"


@pytest.mark.parametrize("command", [b"create function ", b"maxqueue "])
def test_refusals_of_the_queues(command: bytes) -> None:
    """What the queues refuse is one ERR line with pluses for blanks."""
    scene = empty_scene(max_functions=1)
    assert scene.ask(command + b"f" * 8150) == b"OK\r\n"
    full = b"ERR QUEUE_ERROR Too+many+functions,+the+limit+is+1\r\n"
    assert scene.ask(command + b"g") == full
    scene = empty_scene()
    long = b"ERR ARGUMENT_TOO_LARGE Function+name+has+8192+bytes,+the+limit+is+8191\r\n"
    assert scene.ask(command + b"f" * 8192) == long


@pytest.mark.parametrize("command", [b"create function ", b"maxqueue "])
def test_no_nul_in_new_names(command: bytes) -> None:
    """A name that no submission could ever have is not made known."""
    scene = empty_scene()
    reply = scene.ask(command + rb"re\x00size")
    assert reply == b"ERR INVALID_ARGUMENTS A+function+name+cannot+hold+a+NUL\r\n"
    assert scene.ask(b"status") == b".\n"


@pytest.mark.parametrize(("line", "graceful"), [(b"shutdown", False), (b"ShutDown GRACEFUL", True)])
def test_shutdown(line: bytes, *, graceful: bool) -> None:
    """Where it is allowed, shutdown is passed on and answered."""
    asked: list[bool] = []
    scene = empty_scene(shutdown=asked.append)
    assert scene.ask(line) == b"OK\r\n"
    assert asked == [graceful]


@pytest.mark.parametrize("line", [b"shutdown now", b"shutdown ", b"shutdown graceful now"])
def test_shutdown_with_other_words(line: bytes) -> None:
    """A misspelt shutdown stops nothing."""
    asked: list[bool] = []
    reply = empty_scene(shutdown=asked.append).ask(line)
    assert reply.startswith(b"ERR INVALID_ARGUMENTS ")
    assert reply.endswith(b"+shutdown\r\n")
    assert not asked


EXAMPLES = {
    b"cancel": b"cancel job H:vm:3",
    b"create": b"create function rotate",
    b"drop": b"drop function rotate",
    b"maxqueue": b"maxqueue resize 9",
    b"show": b"show jobs",
}
"""A command for each verb that needs words behind it, which succeeds on the server of the test."""


@pytest.mark.parametrize("verb", sorted({**VERBS, **SHUTDOWN}))
def test_changes(verb: bytes) -> None:
    """A verb is marked as changing if and only if it changes a function or a job."""
    asked: list[bool] = []
    scene = empty_scene(shutdown=asked.append)
    worker, client = scene.peer(5, b"resize"), scene.peer(6)
    for _ in range(3):
        scene.submit(client, b"resize")
    scene.jobs.dispatch.grab(worker)
    if verb != b"create":
        scene.ask(b"create function rotate")
    before = [*scene.jobs.snapshots.functions()], [*scene.jobs.snapshots.jobs()]
    command = EXAMPLES.get(verb, verb)
    assert not scene.ask(command).startswith(b"ERR")
    after = [*scene.jobs.snapshots.functions()], [*scene.jobs.snapshots.jobs()]
    assert scene.admin.changes(command) == (after != before)
    assert scene.admin.changes(command.upper()) == (after != before)
    assert asked == [False] * (verb == b"shutdown")


@pytest.mark.parametrize(
    ("line", "expected"),
    [(b"", False), (b"creates function x", False), (b" create", False), (b"create\0s", True)],
)
def test_changes_reads_the_first_word_as_reply_does(line: bytes, *, expected: bool) -> None:
    """Blanks in front make another command, and a NUL ends the word."""
    assert empty_scene().admin.changes(line) == expected


def test_help() -> None:
    """Every command that is understood has its line, and the list ends with a dot."""
    scene = empty_scene()
    lines = scene.ask(b"help").decode().splitlines()
    assert lines[-1] == "."
    assert {line.split()[0].encode() for line in lines[:-1]} == set(scene.admin.verbs)
    assert not [line for line in lines if len(line) > 100]
    commands = [line.partition("  ")[0] for line in lines[:-1]]
    assert "show unique jobs" in commands
    assert len(set(commands)) == len(commands)


def test_help_shows_shutdown_where_it_is_allowed() -> None:
    """The two ways to stop a server are listed only by one that obeys them."""
    allowed = empty_scene(shutdown=lambda _: None).ask(b"help")
    assert allowed.count(b"\nshutdown") == 2
    assert b"shutdown" not in empty_scene().ask(b"help")


def test_verbs_are_not_shared() -> None:
    """Allowing shutdown in one server does not allow it in another."""
    scene = empty_scene(shutdown=lambda _: None)
    other = AdminCommands(scene.jobs, version="1")
    assert b"shutdown" not in other.verbs


def test_reports_read_the_time() -> None:
    """Ages are counted from the time that the tables were told."""
    scene = busy_scene()
    scene.jobs.tables.now += 100.0
    ages = {row.split(b"\t")[6] for row in scene.ask(b"jobs").splitlines()[:-1]}
    assert ages == {b"112"}
