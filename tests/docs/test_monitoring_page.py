"""The page about monitoring: checks, metrics and one-liners, against a server with jobs."""

from __future__ import annotations

import re
import shlex
import socket
from pathlib import Path

import pytest

from gearman_tx.cli.metric_names import METRICS
from tests.docs.blocks import read_block, read_commands, runs
from tests.docs.conftest import MakeReader
from tests.docs.reader import BIN, Reader
from tests.docs.test_systemd import analyze
from tests.interop.interop_server import InteropServer
from tests.support.peers import require_program
from tests.support.ports import free_port

PAGE = "docs/how-to/monitor.rst"
METRIC = re.compile(r"gearman_\w+")


@pytest.fixture
def reader(server: InteropServer, make_reader: MakeReader) -> Reader:
    """A reader of the page, whose server has two functions with workers and one without."""
    reader = make_reader(PAGE, server.port, variables={"GEARMAN_SERVERS": server.address})
    for function, jobs in (("resize", 6), ("mail", 1)):
        reader.begin(f"gearman-tx work -f {function} -- sleep 600")
        reader.begin(f"gearman-tx work -f {function} -- sleep 600")
        server.await_workers(function, 2)
        reader.type(f"gearman-tx submit --lines --background {function}", b"photo\n" * jobs)
    server.await_running("resize", 2)
    server.await_running("mail", 1)
    return reader


@runs(PAGE, "check", "nagios", "icinga")
def test_the_check(reader: Reader, server: InteropServer) -> None:
    """The check prints what the page shows; Nagios and Icinga call it with options that it has."""
    reader.run("check", status=1)

    (line,) = re.findall(r"command_line +(.+)", read_block(PAGE, "nagios"))
    line = line.replace("$HOSTADDRESS$", server.address).replace("$ARG1$", "resize -w 100")
    assert reader.type(line).out.startswith(b"GEARMAN OK - ")

    block = read_block(PAGE, "icinga")
    command = re.findall(r'"([^"]+)"', re.findall(r"command = \[(.+)\]", block)[0])
    values = {
        "address": server.address,
        "gearman_warning": "100",
        "gearman_critical": "1000",
        "gearman_warning_age": "1m",
        "gearman_critical_age": "5m",
    }
    for option, variable in re.findall(r'"(-[\w-]+)" = "\$(\w+)\$"', block):
        command += [option, values.pop(variable)]
    assert not values
    assert reader.type(shlex.join([*command, "resize"])).out.startswith(b"GEARMAN OK - ")


@runs(PAGE, "textfile")
def test_the_text_file(reader: Reader) -> None:
    """The line for cron names a user, and its command writes the file."""
    reader.words = {"/var/lib/prometheus/node-exporter": str(reader.folder)}
    *when, user, command = read_block(PAGE, "textfile").split(maxsplit=6)
    assert (when, user) == (["*"] * 5, "root")
    reader.type(command)
    assert "\ngearman_up 1\n" in (reader.folder / "gearman.prom").read_text()


@runs(PAGE, "socket", "service")
def test_a_scrape(reader: Reader, server: InteropServer, tmp_path: Path) -> None:
    """Systemd accepts the units, and starts the command for each connection."""
    activate = require_program("systemd-socket-activate", "apt-get install systemd")
    units = tmp_path / "units"
    units.mkdir()
    service = read_block(PAGE, "service").replace("/opt/gearman-tx/bin", str(BIN))
    (units / "gearman-metrics@.service").write_text(service)
    (units / "gearman-metrics.socket").write_text(read_block(PAGE, "socket"))
    assert analyze("verify", str(units / "gearman-metrics.socket"), units=units) == ""

    (command,) = re.findall(r"ExecStart=(.+)", service)
    port = free_port()
    words = [activate, "--accept", "--inetd", f"--listen=127.0.0.1:{port}"]
    words += [f"--setenv=GEARMAN_SERVERS=127.0.0.1:{server.port}"]
    process = reader.terminals.start([*words, *shlex.split(command)], b"")
    for _ in range(2):
        assert 'gearman_jobs{function="resize"} 6\n' in _scrape(port, process.wait_until)


def _scrape(port: int, wait_until: object) -> str:
    """Return the body of the answer to a request as Prometheus makes it."""
    link = socket.socket()
    assert callable(wait_until)
    wait_until(lambda: link.connect_ex(("127.0.0.1", port)) == 0, "socket that accepts")
    with link:
        link.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
        answer = b"".join(iter(lambda: link.recv(65536), b"")).decode()
    head, _, body = answer.partition("\r\n\r\n")
    assert head.startswith("HTTP/1.1 200 OK\r\n")
    return body


@runs(PAGE, "rules")
def test_the_rules() -> None:
    """Each metric of the rules is one that the command prints."""
    rules = read_block(PAGE, "rules")
    expressions = re.findall(r"expr: (.+)", rules)
    assert len(expressions) == rules.count("- alert: Gearman") >= 6
    for expression in expressions:
        assert {*METRIC.findall(expression)} <= {*METRICS}, expression
        assert METRIC.findall(expression), expression


@runs(PAGE, "zabbix")
def test_zabbix(reader: Reader) -> None:
    """Each item is one number."""
    require_program("jq", "apt-get install jq")
    items = dict(
        line.removeprefix("UserParameter=").split(",", 1)
        for line in read_block(PAGE, "zabbix").splitlines()
    )
    shown = [reader.type(command.replace("$1", "resize")).lines for command in items.values()]
    assert list(items) == ["gearman.queued[*]", "gearman.workers[*]", "gearman.state"]
    assert shown == [["4"], ["2"], ["0"]]
    unknown = reader.type(items["gearman.queued[*]"].replace("$1", "none"))
    assert unknown.lines == ["0"]


@runs(PAGE, "munin")
def test_munin(reader: Reader) -> None:
    """The plugin has a label and a value for each function."""
    require_program("jq", "apt-get install jq")
    reader.save("munin", "gearman_jobs")
    config = reader.type("sh gearman_jobs config").lines
    assert config[0].startswith("graph_title ")
    assert sorted(config[2:]) == ["mail.label mail", "resize.label resize"]
    values = reader.type("sh gearman_jobs").lines
    assert sorted(values) == ["mail.value 1", "resize.value 6"]


@runs(PAGE, "jq", "watch")
def test_scripts(reader: Reader) -> None:
    """The function without a worker is found; the report is repeated."""
    require_program("jq", "apt-get install jq")
    reader.type("gearman-tx submit -b index all")
    reader.run("jq")
    ((command, _),) = read_commands(PAGE, "watch")
    assert reader.type(f"{command.replace('2', '0.1')} --count 2").out.count(b"index") == 2
