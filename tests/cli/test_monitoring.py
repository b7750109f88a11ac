"""The check and the metrics, on real servers."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gearman_tx.cli.metric_names import METRICS
from gearman_tx.testing import GearmanServer
from tests.cli.programs import environment, gearman_tx, working
from tests.cli.test_main import run_without_click
from tests.daemon.process import BIN
from tests.store.files import locked_by_another_process
from tests.support.servers import running, start_c_server, start_our_server

parser = pytest.importorskip("prometheus_client.parser", reason="it needs the extra test")


@pytest.fixture(scope="module", params=["ours", "theirs"])
def busy(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, str]]:
    """Return the kind and the name of a server with workers for one function, jobs for two."""
    folder = tmp_path_factory.mktemp(request.param)
    start = start_our_server if request.param == "ours" else start_c_server
    with running(start(folder)) as process:
        name = f"127.0.0.1:{process.port}"
        with working(folder, [name], "resize=tasks:reverse"):
            for function, count in (("index", 3), ("mail", 1)):
                lines = b"x\n" * count
                done = gearman_tx("submit", "-b", "--lines", "-s", name, function, data=lines)
                assert done.status == 0, done
            yield request.param, name


def page(*words: str) -> dict[tuple[str, str, str], float]:
    """Return the values of the metrics by name, function and priority or version."""
    done = gearman_tx("metrics", *words)
    assert (done.status, done.err) == (0, "")
    return read(done.out)


def read(text: str) -> dict[tuple[str, str, str], float]:
    """Return the values on a page of Prometheus."""
    values = {}
    for family in parser.text_string_to_metric_families(text):
        kind, about = METRICS[family.samples[0].name]
        assert (family.type, family.documentation) == (kind, about)
        for sample in family.samples:
            labels = dict(sample.labels)
            function = labels.pop("function", "")
            values[sample.name, function, " ".join(labels.values())] = sample.value
    return values


def test_all_is_not_well(busy: tuple[str, str]) -> None:
    """Functions with jobs and no worker are critical, without any option."""
    _, name = busy
    done = gearman_tx("check", "-s", name)
    assert (done.status, done.err) == (2, "")
    text, data = done.out.removeprefix("GEARMAN CRITICAL - ").split(" | ")
    assert sorted(text.split("; ")) == [
        "index: no worker, 3 queued jobs",
        "mail: no worker, 1 queued job",
    ]
    assert data == "'functions'=3;;;0 'queued'=4;;;0 'running'=0;;;0\n"


def test_all_is_well(busy: tuple[str, str]) -> None:
    """A function with a worker is well, and its numbers are there for graphs."""
    _, name = busy
    done = gearman_tx("check", "-s", name, "resize", "-w", "5", "-c", "9", "--critical-age", "1m")
    assert done.status == 0
    text, data = done.out.split(" | ")
    assert text == "GEARMAN OK - 1 job server, 1 function, 0 queued jobs, 0 running jobs"
    assert data.startswith("'resize queued'=0;5;9;0 'resize running'=0;;;0 'resize workers'=1;;;0")
    assert "'resize oldest'=0s;;60;0" in data


def test_thresholds(busy: tuple[str, str]) -> None:
    """The worst of all limits counts."""
    kind, name = busy
    words = ("check", "-s", name, "--warning-workers", "0:")
    done = gearman_tx(*words, "index", "mail", "-w", "1", "-c", "10")
    assert done.status == 1
    assert done.out.startswith("GEARMAN WARNING - index: 3 queued jobs (warning: 1) | ")
    done = gearman_tx(*words, "ind*", "-c", "2")
    assert (done.status, done.out.partition(" | ")[0]) == (
        2,
        "GEARMAN CRITICAL - index: 3 queued jobs (critical: 2)",
    )
    done = gearman_tx(*words, "index", "--critical-age", "@0:1d")
    assert done.status == (2 if kind == "ours" else 3)


def test_functions_that_nobody_knows(busy: tuple[str, str]) -> None:
    """A name has no worker then; a pattern may be misspelt, which is not known."""
    _, name = busy
    done = gearman_tx("check", "-s", name, "none")
    assert done.status == 2
    assert done.out.startswith("GEARMAN CRITICAL - none: no worker, 0 queued jobs | ")
    done = gearman_tx("check", "-s", name, "none-*", "resize")
    assert done.status == 3
    assert done.out.startswith("GEARMAN UNKNOWN - no job server knows a function none-*")


def test_a_server_is_down(busy: tuple[str, str]) -> None:
    """The check is as bad as the worst server; each finding and number names its server."""
    _, name = busy
    done = gearman_tx("check", "-s", name, "-s", "127.0.0.1:1", "resize")
    assert done.status == 2
    assert done.out.startswith("GEARMAN CRITICAL - cannot connect to job server 127.0.0.1:1")
    assert f"'{name} resize workers'=1;;;0" in done.out
    assert done.err == ""


def test_a_store_that_fails(tmp_path: Path) -> None:
    """It is critical, ``store`` names the reason, and the metric is 0."""
    with running(GearmanServer(tmp_path)) as server:
        assert gearman_tx("submit", "-b", "-s", server.url, "f", "x").status == 0
        with locked_by_another_process(tmp_path / "queue.sqlite3"):
            assert gearman_tx("submit", "-b", "-s", server.url, "f", "x").status == 4
            done = gearman_tx("check", "-s", server.url, "--warning-workers", "0:")
            assert done.status == 2
            said = "GEARMAN CRITICAL - background jobs are refused, they cannot be stored: "
            assert done.out.startswith(said)
            done = gearman_tx("store", "-s", server.url, "--json")
            assert done.status == 1
            assert '"state": "failing"' in done.out
            assert done.err.startswith(f"gearman-tx: {server.url} refuses background jobs: ")
            found = page("-s", server.url)
        assert found["gearman_store_up", "", ""] == 0
        assert found["gearman_store_errors_total", "", ""] >= 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-w", "many"], "'many' is not a range"),
        (["--no-such"], "No such option"),
        (["-s", "host:99999"], "port 99999 is outside 1 to 65535"),
    ],
)
def test_a_wrong_command_line(words: list[str], said: str) -> None:
    """It is unknown, and not critical, what the state is."""
    done = gearman_tx("check", *words)
    assert (done.status, done.err) == (3, "")
    assert done.out.startswith("GEARMAN UNKNOWN - ")
    assert said in done.out
    assert done.out.endswith("; see gearman-tx check --help\n")


def test_a_fault_of_the_check(tmp_path: Path) -> None:
    """An exception is not known either; a person finds the traceback on stderr."""
    code = (
        "import sys, gearman_tx.cli.check as module\n"
        "module.ask_everywhere = None\n"
        "from gearman_tx.cli import main\n"
        "sys.exit(main(['gearman-tx', 'check']))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, check=False, text=True
    )
    assert done.returncode == 3
    assert done.stdout.startswith("GEARMAN UNKNOWN - TypeError: ")
    assert "Traceback" in done.stderr


def test_without_click() -> None:
    """A machine without the packages has an unknown state, and not a warning."""
    done = run_without_click("check")
    assert (done.returncode, done.stderr) == (3, "")
    assert done.stdout.startswith("GEARMAN UNKNOWN - the command 'check' needs more packages")


def test_metrics(busy: tuple[str, str]) -> None:
    """What both servers report is there; what the C server does not report is left out."""
    kind, name = busy
    found = page("-s", name)
    assert found["gearman_up", "", ""] == 1
    assert found["gearman_functions", "", ""] == 3
    assert found["gearman_jobs", "index", ""] == found["gearman_jobs_waiting", "index", ""] == 3
    assert found["gearman_jobs_running", "index", ""] == 0
    assert found["gearman_jobs_queued", "index", "normal"] == 3
    assert found["gearman_jobs_queued", "index", "low"] == 0
    assert found["gearman_workers", "resize", ""] == 1
    assert found["gearman_connections", "", ""] >= 2
    versions = [key[2] for key in found if key[0] == "gearman_version_info"]
    assert len(versions) == 1
    only_ours = {
        "gearman_jobs_delayed",
        "gearman_oldest_queued_timestamp_seconds",
    }
    names = {key[0] for key in found}
    assert names & only_ours == (only_ours if kind == "ours" else set())
    assert not {name for name in names if name.startswith("gearman_store_")}
    if kind == "ours":
        since = found["gearman_oldest_queued_timestamp_seconds", "index", ""]
        assert 0 <= time.time() - since < 200
        gearman_tx("maxqueue", "-s", name, "mail", "30", "20", "10")
        assert page("-s", name)["gearman_function_queue_limit", "mail", ""] == 20


def test_metrics_of_some_functions_on_several_servers(busy: tuple[str, str]) -> None:
    """Each value has the label of its server; a server that is down has its reason as a comment."""
    _, name = busy
    done = gearman_tx("metrics", "-s", f"{name},127.0.0.1:1", "mail")
    assert (done.status, done.err) == (0, "")
    assert done.out.startswith("# cannot connect to job server 127.0.0.1:1")
    found = read(done.out)
    assert found["gearman_up", "", name] == 1
    assert found["gearman_up", "", "127.0.0.1:1"] == 0
    assert {key[1] for key in found} == {"", "mail"}


def test_metrics_of_a_queue_file(tmp_path: Path) -> None:
    """Its figures are there."""
    with running(GearmanServer(tmp_path)) as server:
        gearman_tx("submit", "-b", "-s", server.url, "f", "x")
        found = page("-s", server.url)
    assert found["gearman_store_up", "", ""] == found["gearman_store_jobs", "", ""] == 1
    assert found["gearman_store_commits_total", "", ""] >= 1
    assert found["gearman_store_size_bytes", "", ""] > 0
    assert found["gearman_store_errors_total", "", ""] == 0


def test_a_text_file(busy: tuple[str, str], tmp_path: Path) -> None:
    """It is replaced at once, can be read by others, and nothing else is left in the folder."""
    _, name = busy
    path = tmp_path / "gearman.prom"
    path.write_text("old")
    os.umask(umask := os.umask(0))
    done = gearman_tx("metrics", "-s", name, "--textfile", str(path))
    assert done == (0, "", "")
    assert read(path.read_text())["gearman_up", "", ""] == 1
    assert path.stat().st_mode & 0o777 == 0o666 & ~umask
    assert list(tmp_path.iterdir()) == [path]
    done = gearman_tx("metrics", "-s", name, "--textfile", str(tmp_path / "none" / "x.prom"))
    assert done.status == 1
    assert done.err.endswith("x.prom: No such file or directory\n")


def ask_http(server: str, request: bytes) -> tuple[str, dict[str, str], str]:
    """Return the status, the headers and the body of an answer of ``metrics --http``."""
    done = gearman_tx("metrics", "--http", "-s", server, data=request)
    assert (done.status, done.err) == (0, "")
    head, _, body = done.out.partition("\r\n\r\n")
    status, *lines = head.split("\r\n")
    headers = dict(line.split(": ") for line in lines)
    return status.removeprefix("HTTP/1.1 "), headers, body


def test_http(busy: tuple[str, str]) -> None:
    """A request is answered as Prometheus expects it."""
    _, name = busy
    for path in (b"/metrics", b"/", b"/metrics?name=x"):
        status, headers, body = ask_http(name, b"GET %b HTTP/1.1\r\nHost: x\r\n\r\n" % path)
        assert (status, headers["Connection"]) == ("200 OK", "close")
        assert headers["Content-Type"].startswith("text/plain; version=0.0.4")
        assert int(headers["Content-Length"]) == len(body)
        assert read(body)["gearman_up", "", ""] == 1
    status, headers, body = ask_http(name, b"HEAD /metrics HTTP/1.0\n\n")
    assert (status, body) == ("200 OK", "")
    assert int(headers["Content-Length"]) > 100


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"POST /metrics HTTP/1.1\r\n\r\n", "405 Method Not Allowed"),
        (b"GET /other HTTP/1.1\r\n\r\n", "404 Not Found"),
        (b"GET /metrics HTTP/1.1\r\n", "408 Request Timeout"),
        (b"", "408 Request Timeout"),
        (b"GET /" + b"x" * 70_000, "408 Request Timeout"),
    ],
)
def test_other_requests(request_: bytes, status: str) -> None:
    """They are refused without a question to the job server."""
    assert ask_http("127.0.0.1:1", request_)[0] == status


def test_a_silent_scraper() -> None:
    """A request that never comes ends the command, too."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        process = subprocess.Popen(
            [str(BIN / "gearman-tx"), "metrics", "--http", "-s", "127.0.0.1:1"],
            stdin=theirs.fileno(),
            stdout=theirs.fileno(),
            env=environment(),
        )
        assert process.wait(30) == 0
        assert ours.recv(100).startswith(b"HTTP/1.1 408 ")


def test_http_and_a_file() -> None:
    """Both at once make no sense."""
    done = gearman_tx("metrics", "--http", "--textfile", "x")
    assert done.status == 2
    assert "leave --textfile out" in done.err
