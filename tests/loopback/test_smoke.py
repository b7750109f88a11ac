"""Two thousand connections and a hundred thousand jobs: nothing is lost, nothing stays behind."""

from __future__ import annotations

from gearman_tx.testing import ServerProcess
from tests.loopback.load import LoadGenerator
from tests.loopback.memory import MEBIBYTE, resident

TOLERANCE = 8 * MEBIBYTE
"""How much more memory may be occupied afterwards, since the interpreter's own heaps breathe.

A leak of every job would take 40 MiB, a leak of every connection 20.
"""

FUNCTIONS = 10


def round_of(server: ServerProcess, jobs: int) -> int:
    """Put ``jobs`` jobs through the server; return its memory when the clients have left."""
    load = LoadGenerator(
        server.port, clients=1000, workers=1000, jobs=jobs, functions=FUNCTIONS, window=4
    )
    try:
        load.run()
        assert load.errors == []
        assert set(load.done.values()) == {1}
        assert len(load.done) == jobs
    finally:
        load.leave()
    questions = 0
    while server.ask(b"workers\n", b".\n").count(b"\n") > 2:
        questions += 1  # each lets the server find more of the closed connections
        assert questions < 10_000
    report = server.ask(b"status\n", b".\n").splitlines()
    assert sorted(report[:-1]) == [b"function-%d\t0\t0\t0" % n for n in range(FUNCTIONS)]
    assert server.ask(b"show jobs\n", b".\n") == b".\n"
    return resident(server)


def test_thousands_are_served_and_their_memory_is_freed(server: ServerProcess) -> None:
    """Every job runs once, every waiting client gets its result, and memory is as before."""
    before = round_of(server, jobs=20_000)
    after = round_of(server, jobs=100_000)
    assert after - before < TOLERANCE
    log = server.log.read_text()
    assert "Traceback" not in log
    assert "was dropped" not in log
    assert "was refused" not in log
