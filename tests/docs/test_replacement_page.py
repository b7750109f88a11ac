"""The page that replaces the C server: its link, its check, its init script."""

from __future__ import annotations

import getpass

import pytest

from tests.docs.blocks import runs
from tests.docs.conftest import MakeReader
from tests.docs.reader import Reader
from tests.support.peers import require_program
from tests.support.ports import free_port

PAGE = "docs/how-to/replace-the-c-gearmand.rst"


@pytest.fixture
def reader(make_reader: MakeReader) -> Reader:
    """A reader whose ``/run/gearman`` and ``/usr/local/sbin`` are folders of the test."""
    reader = make_reader(PAGE, free_port())
    folder = str(reader.folder)
    reader.words = {"/run/gearman": folder, "/usr/local/sbin": folder}
    return reader


@runs(PAGE, "link")
def test_under_the_name_of_the_c_server(reader: Reader) -> None:
    """Through the link, the program is the job server and nothing else."""
    reader.run("link")
    assert b"gearmand" in reader.type("/usr/local/sbin/gearmand --version").out


@runs(PAGE, "check")
def test_the_command_line_is_checked(reader: Reader) -> None:
    """Nothing is said and nothing is started."""
    (outcome,) = reader.run("check")
    assert outcome.out == b""
    assert not (reader.folder / "gearmand.pid").exists()


@runs(PAGE, "init-script")
def test_the_init_script(reader: Reader) -> None:
    """Its start makes a daemon with a PID file, and its stop ends that daemon."""
    require_program("start-stop-daemon", "apt-get install dpkg")
    settings = (
        f"GEARMANUSER={getpass.getuser()}\n"
        "PIDFILE=/run/gearman/gearmand.pid\n"
        f"PARAMS='-d -L 127.0.0.1 -p {reader.port} -l /run/gearman/gearmand.log'\n"
    )
    start, stop = reader.code("init-script").split("# in stop()")
    setting = start.splitlines()[0]
    pid_file = reader.folder / "gearmand.pid"
    reader.type(settings + start)
    try:
        assert pid_file.exists()
    finally:
        reader.type(f"{settings}{setting}\n{stop}")
    assert not pid_file.exists()
