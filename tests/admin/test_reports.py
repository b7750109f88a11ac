"""The reports that the C server does not have: their columns and filters."""

from __future__ import annotations

import pytest

from gearman_tx.admin import reports
from gearman_tx.core import JobSnapshot
from tests.admin.server_fixture import Port, busy_server, empty_server


def rows(report: bytes) -> list[list[bytes]]:
    """Return the cells of a report, after checking its last line."""
    *lines, end = report.split(b"\n")[:-1]
    assert end == b"."
    return [line.split(b"\t") for line in lines]


def test_functions() -> None:
    """All counts of a function are shown, delayed jobs apart, then its limits."""
    server = busy_server()
    server.delay(server.peer(20), b"resize", 5.0)
    server.ask(b"maxqueue crop 1 2 3")
    assert server.ask(b"functions") == (
        b"resize\t6\t0\t3\t1\t1\t1\t2\t0\t0\t0\t12\ncrop\t1\t0\t0\t0\t0\t1\t1\t1\t2\t3\t-\n.\n"
    )


def test_jobs() -> None:
    """A job's row holds all that is known of it, and where it runs."""
    assert busy_server().ask(b"jobs").splitlines()[2:] == [
        b"H:vm:3\tresize\tr2\tqueued\tnormal\tbg\t12\t0\t0\t-\t-\t9\t0/0\t-\t-",
        b"H:vm:4\tresize\trh\trunning\thigh\tbg\t12\t0\t0\t12\t127.0.0.1\t9\t0/0\t-\tworker-2",
        b"H:vm:5\tresize\trl\tqueued\tlow\tbg\t12\t0\t0\t-\t-\t9\t0/0\t-\t-",
        b"H:vm:6\tcrop\tcfg\trunning\tnormal\tfg\t12\t0\t1\t11\t127.0.0.1\t9\t1/4\t-\tworker-1",
        b".",
    ]


def test_delayed_job() -> None:
    """A delayed job shows how many seconds are left, never less than none."""
    server = empty_server()
    job = server.delay(server.peer(5), b"resize", 60.5)
    expected = b"\tresize\t\tdelayed\tnormal\tbg\t%d\t0\t0\t-\t-\t9\t0/0\t%d\t-\n.\n"
    assert server.ask(b"jobs") == job.handle + expected % (0, 61)
    server.jobs.tables.now += 61.9
    assert server.ask(b"jobs") == job.handle + expected % (61, 0)


def test_clock_that_went_back() -> None:
    """A job that seems to come from the future has no age."""
    server = busy_server()
    server.jobs.tables.now = 0.0
    assert {row[6] for row in rows(server.ask(b"jobs"))} == {b"0"}
    assert [row[11] for row in rows(server.ask(b"functions"))] == [b"0", b"-"]


@pytest.mark.parametrize("line", [b"job H:vm:4", b"JOB H:vm:4 extra", rb"job H:vm:\x34"])
def test_one_job(line: bytes) -> None:
    """The row of one job is that of the list."""
    server = busy_server()
    (row,) = rows(server.ask(line))
    assert row in rows(server.ask(b"jobs"))
    assert row[0] == b"H:vm:4"


@pytest.mark.parametrize("line", [b"job H:vm:7", b"job ", b"job h:vm:4"])
def test_one_job_that_is_not_there(line: bytes) -> None:
    """An unknown handle is an error, as for ``cancel job``."""
    assert busy_server().ask(line) == b"ERR UNKNOWN_JOB\r\n"


def test_a_job_without_a_name() -> None:
    """The handle must not be left out."""
    assert busy_server().ask(b"job").startswith(b"ERR INVALID_ARGUMENTS ")


@pytest.mark.parametrize(
    ("line", "numbers"),
    [
        (b"jobs ", [1, 2, 3, 4, 5, 6]),
        (b"jobs *", [1, 2, 3, 4, 5, 6]),
        (b"jobs crop", [6]),
        (b"jobs Crop", []),
        (b"jobs rotate", []),
        (b"jobs resize running", [4]),
        (b"jobs resize Queued extra words", [1, 2, 3, 5]),
        (b"jobs * RUNNING", [4, 6]),
        (b"jobs * *", [1, 2, 3, 4, 5, 6]),
        (b"jobs resize delayed", []),
        (rb"jobs \x2a", []),
        (rb"jobs cr\x6fp", [6]),
    ],
)
def test_filters(line: bytes, numbers: list[int]) -> None:
    """The jobs of a function, of a state, or of both are shown; an asterisk is any."""
    shown = [row[0] for row in rows(busy_server().ask(line))]
    assert shown == [b"H:vm:%d" % number for number in numbers]


@pytest.mark.parametrize("state", [b"committing", b"ended", b"done"])
def test_unknown_state(state: bytes) -> None:
    """A state that no reported job can have is an error that names those there are."""
    assert busy_server().ask(b"jobs resize " + state) == (
        b"ERR INVALID_ARGUMENTS Unknown+job+state+%b,+known+are:+delayed+queued+running+kept\r\n"
        % state
    )


def test_filtered_rows_are_pieces() -> None:
    """Each row that a filter hides is an empty piece, so that the caller can pause there."""
    assert list(busy_server().reply(b"jobs none")) == [b""] * 6 + [b".\n"]
    assert list(busy_server().reply(b"functions none")) == [b""] * 2 + [b".\n"]


def test_clients() -> None:
    """A connection's row counts its functions and jobs, and says what it does."""
    server = busy_server()
    sleeper = server.peer(15, b"rotate", client_id=b"my worker")
    server.jobs.dispatch.pre_sleep(sleeper)
    assert server.ask(b"clients") == (
        b"11\t127.0.0.1\tworker-1\t2\t1\t0\tbusy\n"
        b"12\t127.0.0.1\tworker-2\t1\t1\t0\tbusy\n"
        b"13\t127.0.0.1\t-\t0\t0\t1\tbusy\n"
        b"14\t::1\t-\t0\t0\t0\tidle\n"
        b"15\t127.0.0.1\tmy worker\t1\t0\t0\tasleep\n.\n"
    )


@pytest.mark.parametrize(
    ("host", "shown"),
    [
        ("", b"-"),
        ("fe80::1%eth0", b"fe80::1%eth0"),
        ("/run/my socket", rb"/run/my\x20socket"),
        ("\udcff\n", b"\xff\\x0a"),
    ],
)
def test_hosts(host: str, shown: bytes) -> None:
    """An address is always one word, also that of a Unix socket."""
    server = empty_server()
    server.jobs.join(Port(-1, host))
    assert server.ask(b"workers") == b"-1 %b - :\n.\n" % shown
    assert server.ask(b"clients") == b"-1\t%b\t-\t0\t0\t0\tidle\n.\n" % shown


def test_reports_are_pure() -> None:
    """The same snapshots give the same bytes, whatever happened to the server meanwhile."""
    server = busy_server()
    snapshots: list[JobSnapshot] = list(server.jobs.snapshots.jobs())
    before = list(reports.jobs(snapshots, 1012.0))
    for job in snapshots:
        server.jobs.control.cancel(job.handle)
    assert list(reports.jobs(snapshots, 1012.0)) == before
    assert server.ask(b"jobs") == b".\n"


def test_store() -> None:
    """Each figure has its row: texts escaped, none as a dash, times in milliseconds."""
    figures: list[tuple[str, str | int | float]] = [
        ("kind", "sqlite"),
        ("path", "/tmp/a\tb\udcff"),  # noqa: S108  # nothing is there
        ("jobs", 1_000_000),
        ("lag", 0.01249),
        ("last-commit", 1_700_000_000.5),
        ("last-error", ""),
        ("notice", "moved\naway"),
    ]
    assert empty_server(store=lambda: figures).ask(b"store").splitlines() == [
        b"kind\tsqlite",
        b"path\t/tmp/a\\x09b\xff",
        b"jobs\t1000000",
        b"lag\t0.012",
        b"last-commit\t1700000000.500",
        b"last-error\t-",
        b"notice\tmoved\\x0aaway",
        b".",
    ]


def test_store_of_a_queue_in_memory() -> None:
    """A server without a store says so, and nothing else."""
    assert empty_server().ask(b"STORE now") == b"kind\tbuiltin\n.\n"
