"""The default place of the queue, and the errors of its file."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from twisted.internet.testing import MemoryReactorClock
from twisted.python import usage

from gearman_tx.daemon import build
from gearman_tx.daemon.options import queue_options
from gearman_tx.daemon.options.queue_options import queue_type
from gearman_tx.daemon.options.server_options import ServerOptions
from gearman_tx.daemon.queue_file import queue_path
from gearman_tx.errors import ConfigurationError
from gearman_tx.gearmand.options import GearmandOptions
from gearman_tx.store.sqlite.queue_lock import QueueLock
from gearman_tx.tap import Options
from tests.daemon.peer import Peer
from tests.daemon.process import daemon, drop_in, run, started, twistd, until, wait_gone
from tests.store.files import (
    common_user,
    locked_by_another_process,
    queue_file,
    small_disk,
)
from tests.support.ports import free_port


def parsed(*words: str, **of_twistd: str) -> Options:
    """Return the options of ``twistd gearmand``, with some options of ``twistd``."""
    options = Options()
    if of_twistd:
        options.parent = usage.Options()
        options.parent.update({"rundir": ".", "chroot": None, **of_twistd})
    options.parseOptions(words)
    return options


def drop_in_options(*words: str) -> GearmandOptions:
    """Return the options of ``gearman-tx gearmand``."""
    options = GearmandOptions()
    options.parseOptions(words)
    return options


def notes(options: ServerOptions) -> list[str]:
    """Return the log lines about options of queue files."""
    return list(queue_options.notes(options))


def test_without_options_the_queue_outlives_the_server(tmp_path: Path) -> None:
    """``twistd gearmand`` keeps its queue in its folder, with the jobs of a killed server."""
    command = twistd("--listen=127.0.0.1", f"--port={(port := free_port())}")
    path = tmp_path / f"gearmand-{port}.sqlite3"
    with started(command, tmp_path) as server:
        assert f"background jobs are kept in {path}\n" in server.ready()
        with Peer(port) as client:
            handle = client.submit()
        server.end(signal.SIGKILL)
    with started(command, tmp_path) as server:
        server.ready()
        with Peer(port) as worker:
            assert worker.grab() == handle
        assert server.end() == 0


def test_the_folder_is_that_of_rundir(tmp_path: Path) -> None:
    """A daemon with --rundir has its queue there."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    command = twistd(
        "--listen=127.0.0.1",
        f"--port={(port := free_port())}",
        twistd_options=("--rundir=elsewhere", "--pidfile=pid", "--logfile=log"),
    )
    with daemon(command, tmp_path, tmp_path / "pid", folder / "log") as server:
        name = f"gearmand-{port}.sqlite3"
        until((folder / name).exists, "the queue file is there")
        assert not (tmp_path / name).exists()
        server.end()


def test_an_error_of_a_daemon_is_printed_at_the_terminal(tmp_path: Path) -> None:
    """The whole line, with a hint, before the daemon leaves the terminal; no file is left."""
    path = tmp_path / "queue.sqlite3"
    lock = QueueLock(path)
    lock.take()
    port = free_port()
    options = (f"--port={port}", "--listen=127.0.0.1", f"--sqlite-path={path}")
    done = run(twistd(*options, twistd_options=("--pidfile=pid",)), tmp_path)
    assert done.status == 1
    text = f"another job server uses the queue file {path} ({lock.path} is locked)"
    remedy = "--sqlite-path names another file, --queue-type=builtin keeps the queue in memory"
    assert done.err == f"twistd gearmand: {text}; {remedy}\n"
    assert list(tmp_path.iterdir()) == [lock.path]
    lock.release()


def test_a_file_that_another_process_has_locked(tmp_path: Path) -> None:
    """The server waits for it as long as for a commit; then one line and status 1 follow."""
    path = tmp_path / "queue.sqlite3"
    file = queue_file(path)
    file.open()
    file.close()
    options = ("--port=0", "--listen=127.0.0.1", f"--sqlite-path={path}")
    with locked_by_another_process(path):
        done = run(twistd(*options), tmp_path)
    assert (done.status, done.err.count("\n")) == (1, 1)
    text = f"twistd gearmand: cannot open the queue file {path}: another process holds its lock"
    assert done.err.startswith(text)


@pytest.mark.parametrize("command", [twistd, drop_in])
def test_a_disk_without_room_for_a_new_file(
    tmp_path: Path, command: Callable[..., list[str]]
) -> None:
    """The error occurs when the file is created, and is one line and status 1."""
    with small_disk(tmp_path / "disk", 100) as disk:
        ballast = disk / "ballast"
        with contextlib.suppress(OSError):
            ballast.write_bytes(bytes(200_000))
        files = ("--log-file=stderr", f"--sqlite-path={disk / 'queue.sqlite3'}")
        done = run(command("--port=0", "--listen=127.0.0.1", *files), tmp_path)
    assert done.status == 1
    text = f"cannot open the queue file {disk / 'queue.sqlite3'}: the disk is full (SQLITE_FULL)"
    assert text in done.err


def test_another_root_folder_is_looked_into_when_it_is_there() -> None:
    """With ``--chroot`` the path starts at the new root folder."""
    assert queue_path(parsed(chroot="/srv")) == Path("/gearmand-4730.sqlite3")
    assert queue_path(parsed(chroot="/srv", rundir="/var")) == Path("/var/gearmand-4730.sqlite3")


def test_the_drop_in_keeps_the_queue_in_memory(tmp_path: Path) -> None:
    """It does so like the C server; the log says so and names the option for a file."""
    files = (f"--pid-file={tmp_path / 'pid'}", "--log-file=stderr")
    command = drop_in("--listen=127.0.0.1", "--port=0", *files)
    with started(command, tmp_path) as server:
        text = server.ready()
        assert "the queue is in memory: jobs, in the background too, end with this process" in text
        assert "--queue-type=sqlite keeps background jobs in a file" in text
        assert server.end() == 0
    wait_gone(server.pid)
    assert list(tmp_path.glob("*.sqlite3*")) == []


def test_a_named_file_sets_the_type() -> None:
    """``--sqlite-path`` implies the queue type."""
    assert drop_in_options()["queue-type"] == "builtin"
    options = drop_in_options("--sqlite-path=/x/queue")
    assert options["queue-type"] == "sqlite"
    assert queue_path(options) == Path("/x/queue")


def test_a_file_for_a_queue_in_memory_is_refused() -> None:
    """The two options contradict each other."""
    text = "--sqlite-path is for --queue-type=sqlite, and --queue-type=builtin is given"
    with pytest.raises(usage.UsageError, match=text):
        parsed("--queue-type=builtin", "--sqlite-path=/x")


def test_the_c_servers_name_of_the_file_alone(tmp_path: Path) -> None:
    """In the drop-in it has no effect without the type, as in the C server; the log says so."""
    options = drop_in_options(f"--libsqlite3-db={tmp_path}", "--libsqlite3-table=t")
    assert options["queue-type"] == "builtin"
    assert notes(options) == [
        "--libsqlite3-db has no effect: the queue is in memory",
        "--libsqlite3-table has no effect: the queue is in memory",
    ]
    options = drop_in_options("-q", "libsqlite3", "--libsqlite3-db=/x/queue")
    assert queue_path(options) == Path("/x/queue")
    assert notes(options) == []


def test_our_name_of_the_file_wins() -> None:
    """``--sqlite-path`` takes precedence over the C server's option."""
    assert queue_path(parsed("--libsqlite3-db=/c", "--sqlite-path=/ours")) == Path("/ours")


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ([], "gearmand-4730.sqlite3"),
        (["--port=0"], "gearmand-0.sqlite3"),
        (["--endpoint=unix:s"], "gearmand-4730.sqlite3"),
        (["--endpoint=unix:s", "--port=4731"], "gearmand-4731.sqlite3"),
    ],
)
def test_the_name_follows_the_option(words: list[str], name: str) -> None:
    """The next start with the same options finds the same file, on any port or socket."""
    assert queue_path(parsed(*words)) == Path.cwd() / name


def test_a_folder_that_cannot_be_written() -> None:
    """The message names the file and has a hint."""
    b"localhost".decode("idna")  # loaded now: the other user may not be able to read Python
    with common_user() as folder:
        folder.chmod(0o500)
        check_fails(folder, "which cannot be written: Permission denied; --sqlite-path names")
        folder.chmod(0)
        check_fails(folder, "which cannot be written: Permission denied; --sqlite-path names")
        folder.chmod(0o700)


def check_fails(folder: Path, text: str) -> None:
    """Check that a server does not start with its queue in ``folder``, and its message."""
    words = ("--listen=127.0.0.1", "--port=0", f"--sqlite-path={folder / 'queue'}")
    parts = build(parsed(*words), MemoryReactorClock())
    assert parts.queue_file is not None
    with pytest.raises(ConfigurationError) as caught:
        parts.queue_file.check()
    assert text in str(caught.value)
    parts.listening.stop()


@pytest.mark.parametrize(
    ("word", "kind"), [("builtin", "builtin"), ("SQLite", "sqlite"), ("libsqlite3", "sqlite")]
)
def test_queue_types_are_read_in_any_case(word: str, kind: str) -> None:
    """The C server's name of a type is accepted."""
    assert queue_type(word) == kind


def test_an_unknown_queue_type_names_those_there_are() -> None:
    """A type that only the C server has is refused, not ignored."""
    with pytest.raises(ConfigurationError, match="builtin and sqlite"):
        queue_type("redis")
