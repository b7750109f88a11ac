"""The unit files of the documentation: systemd reads them, and the server does its part."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from gearman_tx.testing import ServerProcess
from tests.docs.blocks import read_block, read_blocks, runs
from tests.support.peers import require_peer, require_program
from tests.support.ports import free_port
from tests.support.servers import START_SECONDS, running, wait_ready

UNITS = Path(__file__).parents[2] / "docs" / "systemd"
INSTALLED = "/opt/gearman-tx/bin"
HERE = str(Path(sys.executable).parent)
PAGE = "docs/how-to/systemd.rst"
REPLACE = "docs/how-to/replace-the-c-gearmand.rst"
LIMITS = "docs/how-to/limits.rst"
SHUT_DOWN = "docs/how-to/shut-down.rst"
EXPOSURE = 20  # tenths of systemd's own measure, of 100; "OK" reaches to 40


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """Copy the unit files to a folder, with the commands where this environment has them."""
    folder = tmp_path / "units"
    shutil.copytree(UNITS, folder)
    for path in folder.rglob("*.*"):
        if path.is_file():
            text = path.read_text(encoding="utf-8").replace(INSTALLED, HERE)
            path.write_text(text, encoding="utf-8")
    return folder


def analyze(*words: str, units: Path) -> str:
    """Run ``systemd-analyze`` over ``units`` and return what it prints."""
    program = require_program("systemd-analyze", "apt-get install systemd")
    done = subprocess.run(
        [program, *words],
        env={**os.environ, "SYSTEMD_UNIT_PATH": f"{units}:", "SYSTEMD_PAGER": ""},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def command_of(unit: Path) -> list[str]:
    """Return the last command that ``unit`` starts, as words."""
    lines = unit.read_text(encoding="utf-8").splitlines()
    starts = [line.removeprefix("ExecStart=") for line in lines if line.startswith("ExecStart=")]
    return starts[-1].split()


@runs(PAGE, "units")
def test_systemd_accepts_the_units(units: Path) -> None:
    """``systemd-analyze verify`` finds nothing to say about the service and the socket."""
    assert len(read_blocks(PAGE, "units")) == len([*UNITS.rglob("gearmand*.*")])
    alone = units / "gearmand.service.d"
    shutil.rmtree(alone)
    assert analyze("verify", str(units / "gearmand.service"), units=units) == ""


def test_systemd_accepts_the_socket_and_the_drop_in(units: Path) -> None:
    """With the drop-in file, the service and its socket belong together and are sound."""
    assert analyze("verify", str(units / "gearmand.socket"), units=units) == ""


def add_to(unit: str, code: str, units: Path) -> None:
    """Write a drop-in file with the lines of a page."""
    folder = units / f"{unit}.d"
    folder.mkdir(exist_ok=True)
    (folder / "page.conf").write_text(code.replace(INSTALLED, HERE), encoding="utf-8")


@runs(PAGE, "credentials")
@runs(LIMITS, "files")
@runs(SHUT_DOWN, "unit")
def test_systemd_accepts_what_pages_add(units: Path) -> None:
    """``systemd-analyze verify`` finds nothing to say about the service with their lines."""
    shutil.rmtree(units / "gearmand.service.d")
    for page, name in ((PAGE, "credentials"), (LIMITS, "files"), (SHUT_DOWN, "unit")):
        add_to("gearmand.service", read_block(page, name), units)
        assert analyze("verify", str(units / "gearmand.service"), units=units) == ""


@runs(PAGE, "after")
def test_systemd_orders_a_worker_after_the_server(units: Path) -> None:
    """A worker's unit with the page's lines is sound."""
    unit = units / "worker.service"
    code = read_block(PAGE, "after")
    unit.write_text(f"{code}\n[Service]\nExecStart=/bin/true\n", encoding="utf-8")
    shutil.rmtree(units / "gearmand.service.d")
    assert analyze("verify", str(unit), units=units) == ""


@runs(REPLACE, "unit")
def test_systemd_accepts_the_change_to_debians_unit(units: Path) -> None:
    """Debian's unit of the C server is sound with the page's lines, and starts our program."""
    unit = "gearman-job-server.service"
    path = Path("/lib/systemd/system") / unit
    require_peer(path.exists(), unit, "apt-get install gearman-job-server")
    shutil.copy(path, units)
    add_to(unit, read_block(REPLACE, "unit"), units)
    assert analyze("verify", str(units / unit), units=units) == ""
    assert command_of(units / f"{unit}.d" / "page.conf")[0] == f"{HERE}/gearman-tx"


def test_the_service_is_hardened(units: Path) -> None:
    """The service is exposed to little by systemd's own measure."""
    unit = str(units / "gearmand.service")
    report = analyze("security", "--offline=yes", f"--threshold={EXPOSURE}", unit, units=units)
    assert "Overall exposure level" in report


def test_the_server_tells_systemd_when_it_is_ready(units: Path, tmp_path: Path) -> None:
    """The service's command sends ``READY=1`` to ``NOTIFY_SOCKET`` once it can be connected to."""
    command = [*command_of(units / "gearmand.service"), f"--port={(port := free_port())}"]
    log = tmp_path / "server.log"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager, log.open("wb") as output:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(START_SECONDS)
        process = subprocess.Popen(
            command,
            cwd=tmp_path,
            env={**os.environ, "NOTIFY_SOCKET": str(tmp_path / "notify")},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
        with running(ServerProcess(process, port, log)) as server:
            assert b"READY=1" in manager.recv(4096).split(b"\n")
            assert server.ask(b"version\r\n").startswith(b"OK")


def test_the_server_takes_the_socket_that_systemd_holds(units: Path, tmp_path: Path) -> None:
    """The drop-in's command serves a socket that ``systemd-socket-activate`` listens on."""
    activate = require_program("systemd-socket-activate", "apt-get install systemd")
    port = free_port()
    command = command_of(units / "gearmand.service.d" / "socket.conf")
    log = tmp_path / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [activate, f"--listen=127.0.0.1:{port}", "--fdname=gearmand.socket", *command],
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    with running(ServerProcess(process, port, log)) as server:
        wait_ready(server)
        assert server.ask(b"version\r\n").startswith(b"OK")
