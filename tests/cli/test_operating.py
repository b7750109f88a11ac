"""The commands for single jobs, functions and stores, on real servers."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from gearman_tx.testing import GearmanServer, ServerProcess
from tests.cli.programs import gearman_tx, on_a_terminal, rows, started, working
from tests.support.ports import free_port
from tests.support.servers import running


def submitted(server: str, function: str, *words: str) -> str:
    """Return the handle of a new background job."""
    done = gearman_tx("submit", "-b", "-s", server, function, "photo", *words)
    assert done.status == 0, done
    return done.out.strip()


def test_one_job(our_server: str) -> None:
    """All that is known of it is shown, a value on each line, or as JSON."""
    handle = submitted(our_server, "one-job", "--unique", "u", "--at", "1h")
    done = gearman_tx("job", "-s", our_server, handle)
    shown = dict(line.split(None, 1) for line in done.out.splitlines() if " " in line)
    assert (shown["Handle"], shown["Function"]) == (handle, "one-job")
    assert (shown["State"], shown["Unique"], shown["Size"]) == ("delayed", "u", "5")
    assert shown["Due"].startswith("in ")
    (row,) = rows("job", "-s", our_server, handle)
    assert (row["handle"], row["state"], row["clients"]) == (handle, "delayed", 0)
    assert 3500 < row["due_in"] <= 3600


def test_the_progress_and_the_worker_of_a_job(server: str, tmp_path: Path) -> None:
    """Both servers report how far a job is; ours also says where it runs."""
    script = (
        "import gearman_tx, os, threading\n"
        "def slow(job):\n"
        "    job.send_status(1, 4)\n"
        "    while not os.path.exists('seen'):\n"
        "        threading.Event().wait(0.1)\n"
    )
    (tmp_path / "slow.py").write_text(script)
    with working(tmp_path, [server], "a-slow-job=slow:slow"):
        handle = submitted(server, "a-slow-job")
        while not (row := rows("job", "-s", server, handle)[0])["progress"]:
            pass
        assert row["progress"] == {"numerator": 1, "denominator": 4}
        assert (row["handle"], row["state"], row["background"]) == (handle, "running", True)
        assert gearman_tx("cancel", "-s", server, handle).status == 0
        (tmp_path / "seen").touch()


def test_unknown_jobs(server: str) -> None:
    """The known ones are shown; the others are named, with exit status 1."""
    handle = submitted(server, "known-job")
    done = gearman_tx("job", "-s", server, handle, "H:none:1", "H:none:2", "--json")
    assert done.status == 1
    assert [row["handle"] for row in json.loads(done.out)] == [handle]
    assert done.err == "gearman-tx: no job server knows H:none:1, H:none:2: ended, or never there\n"


def test_an_unknown_job_where_a_server_is_down(our_server: str) -> None:
    """The server that is down may know it, so nothing is said about the job."""
    done = gearman_tx("job", "-s", f"{our_server},127.0.0.1:1", "H:none:1")
    assert done.status == 3
    assert "no job server knows" not in done.err


def test_waiting_for_jobs(server: str, tmp_path: Path) -> None:
    """The command ends when the last job has ended; a job that is gone is remarked on."""
    handles = [submitted(server, "awaited") for _ in range(3)]
    with started("wait", "-s", server, *handles, "H:none:1", folder=tmp_path) as program:
        program.until("H:none:1 is not known: it has ended already, or never existed\n")
        with working(tmp_path, [server], "awaited=tasks:reverse"):
            assert program.end() == 0
        first, *ended = program.said.splitlines()
        assert first.startswith("H:none:1 ")
        assert sorted(ended) == sorted(f"{handle} has ended" for handle in handles)


def test_waiting_too_long(server: str) -> None:
    """The jobs that have not ended are named, with exit status 1."""
    handle = submitted(server, "never-done")
    done = gearman_tx("wait", "-s", server, handle, "--timeout", "0.3")
    assert done == (1, "", f"gearman-tx: not ended within 0.3 s: {handle}\n")


def test_waiting_is_interrupted(our_server: str, tmp_path: Path) -> None:
    """Ctrl-C ends it."""
    handle = submitted(our_server, "never-done")
    with started("wait", "-s", our_server, handle, "H:none:1", folder=tmp_path) as program:
        program.until("not known")
        assert program.end(signal.SIGINT) == 130


def test_waiting_without_a_server() -> None:
    """Nothing is known of the job: exit status 3."""
    assert gearman_tx("wait", "-s", "127.0.0.1:1", "H:none:1").status == 3


def test_create_and_drop(server: str) -> None:
    """A function is made known and forgotten; a script is not asked."""
    done = gearman_tx("create", "-s", server, "made-1", "made-2")
    assert done == (0, f"{server} knows made-1, made-2\n", "")
    assert [row["jobs"] for row in rows("status", "-s", server, "made-*")] == [0, 0]
    done = gearman_tx("drop", "-s", server, "made-1", "made-2")
    assert done == (0, f"{server}: made-1 is dropped\n{server}: made-2 is dropped\n", "")
    done = gearman_tx("drop", "-s", server, "made-1")
    assert done.status == 1
    assert done.err.startswith("gearman-tx: no job server knows made-1; ")


def test_drop_asks_on_a_terminal(our_server: str) -> None:
    """The jobs that would be lost are counted; only a yes drops them."""
    submitted(our_server, "asked-for")
    words = ("drop", "-s", our_server, "asked-for")
    shown = on_a_terminal(*words, data=b"n\n", status=1)
    assert f"{our_server}: asked-for has 1 jobs, 0 of them running, and 0 workers" in shown
    assert "Drop? [y/N]: " in shown
    assert len(rows("status", "-s", our_server, "asked-for")) == 1
    assert "asked-for is dropped" in on_a_terminal(*words, data=b"y\n")
    assert gearman_tx("status", "-s", our_server, "asked-for").status == 1


def test_drop_a_function_in_use(server: str, tmp_path: Path) -> None:
    """The server refuses; the other functions are dropped."""
    gearman_tx("create", "-s", server, "unused")
    with working(tmp_path, [server], "used=tasks:reverse"):
        done = gearman_tx("drop", "-s", server, "used", "unused")
    assert done.status == 4
    assert "unused is dropped" in done.out
    reason = "there are still connected workers or executing clients"
    assert done.err == f"gearman-tx: {server}: used is not dropped: {reason}\n"


def test_drop_unknown_functions_drops_nothing(our_server: str) -> None:
    """A misspelt name is found before anything is dropped."""
    gearman_tx("create", "-s", our_server, "kept")
    assert gearman_tx("drop", "-s", our_server, "kept", "kpet").status == 1
    assert len(rows("status", "-s", our_server, "kept")) == 1


def test_names_as_reports_show_them(our_server: str) -> None:
    r"""``\xNN`` is a byte, as in the text protocol."""
    gearman_tx("create", "-s", our_server, r"team\x09resize")
    (row,) = rows("status", "-s", our_server, "team*")
    assert row["function"] == "team\tresize"
    done = gearman_tx("drop", "-s", our_server, r"team\x09resize")
    assert done.out == f"{our_server}: team\\x09resize is dropped\n"


def test_clients(server: str, tmp_path: Path) -> None:
    """A worker is shown with the number of its functions."""
    with working(tmp_path, [server], "--client-id", "me", "f=tasks:reverse", "g=tasks:reverse"):
        (row,) = (row for row in rows("clients", "-s", server) if row["client_id"] == "me")
    assert row["abilities"] == 2
    assert (row["state"], row["running"]) in {("asleep", 0), (None, None)}


def test_ask(our_server: str, c_server: str) -> None:
    """Replies are printed as they are; several have headings; an error sets the status."""
    done = gearman_tx("ask", "-s", our_server, "show", "nonsense")
    assert done == (4, "ERR UNKNOWN_SHOW_ARGUMENTS\n", "")
    gearman_tx("create", "-s", f"{our_server},{c_server}", "asked")
    done = gearman_tx("ask", "-s", f"{our_server},{c_server}", "status")
    first, second = done.out.split(f"==> {c_server} <==\n")
    assert first.startswith(f"==> {our_server} <==\n")
    for reply in (first, second):
        assert "\nasked\t0\t0\t0\n" in f"\n{reply}"
        assert reply.endswith("\n.\n")
    assert gearman_tx("ask", "-s", our_server, "maxqueue asked 7") == (0, "OK\n", "")
    done = gearman_tx("ask", "-s", f"{our_server},127.0.0.1:1", "version")
    assert done.status == 3
    assert done.out.startswith(f"==> {our_server} <==\nOK ")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["a b c d e f"], "a text command has at most 5 words"),
        (["status\nversion"], "a text command is one line"),
        ([], "Missing argument 'COMMAND...'"),
    ],
)
def test_ask_what_is_no_command(words: list[str], said: str) -> None:
    """A server would hang up."""
    done = gearman_tx("ask", *words)
    assert done.status == 2
    assert said in done.err


@pytest.fixture
def durable(tmp_path: Path) -> ServerProcess:
    """Return a server with a queue file."""
    return GearmanServer(tmp_path, port=free_port())


def test_store(durable: ServerProcess, our_server: str) -> None:
    """Each figure has its line, or its key; a queue in memory says what it is."""
    with running(durable):
        name = f"127.0.0.1:{durable.port}"
        submitted(name, "f")
        done = gearman_tx("store", "-s", name)
        assert done.status == 0
        shown = dict(line.split(None, 1) for line in done.out.splitlines())
        assert shown["Server"] == name
        assert (shown["State"], shown["Stored"], shown["Errors"]) == ("ok", "1", "0")
        first, second = rows("store", "-s", f"{name},{our_server}")
        assert first["path"].endswith("queue.sqlite3")
        assert (first["stored"], first["last_error"], first["notices"]) == (1, None, None)
        assert first["file_size"] > first["log_size"] >= 0
        assert (second["kind"], second["state"]) == ("builtin", None)
    done = gearman_tx("store", "-s", our_server)
    assert "memory: the jobs end with the server\n" in done.out
    assert done.status == 0


def test_store_of_a_c_server(c_server: str) -> None:
    """It does not know the command."""
    done = gearman_tx("store", "-s", c_server)
    assert (done.status, done.out) == (4, "")
    assert "does not know this command" in done.err
