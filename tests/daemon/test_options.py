"""The options of ``twistd gearmand``: names, defaults, sources, refused options."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import pytest
from twisted.python import usage

from gearman_tx._version import BUILD, __version__
from gearman_tx.daemon.assembly import limits_of, policy_of
from gearman_tx.daemon.options.c_options import C_GROUP, REFUSED_GROUP
from gearman_tx.link import OutputLimits
from gearman_tx.server import ConnectionLimits, Keepalive
from gearman_tx.tap import Options


def parsed(*words: str) -> Options:
    """Return the options that ``words`` make."""
    options = Options()
    options.parseOptions(words)
    return options


def refusal(*words: str) -> str:
    """Return the reason why ``words`` are refused."""
    with pytest.raises(usage.UsageError) as error:
        parsed(*words)
    return str(error.value)


def test_defaults() -> None:
    """With few exceptions, options of the C server have its defaults."""
    options = parsed()
    expected = {
        "port": 4730,
        "listen": "",
        "endpoint": [],
        "job-retries": -1,
        "worker-wakeup": 1,
        "queue-type": "sqlite",
        "sqlite-path": "",
        "verbose": "NOTICE",
        "maxqueue": (0, 0, 0),
        "backlog": 1024,
        "exceptions": 0,
        "allow-shutdown": 0,
        "shutdown-timeout": 0.0,
        "file-descriptors": None,
        "log-file": "",
    }
    assert {name: options[name] for name in expected} == expected
    assert options.given == set()


def test_defaults_are_those_of_the_rooms() -> None:
    """Without options, the limits are the defaults of the rooms."""
    limits = limits_of(parsed(), files=2_000_000)
    assert limits == ConnectionLimits()
    policy = policy_of(parsed())
    assert policy.settings.max_queue == (0, 0, 0)
    assert policy.handle_prefix.startswith(b"H:")


def test_every_option_reaches_its_room() -> None:
    """The given options become the limits of queues and connections."""
    options = parsed(
        "--exceptions",
        "-j5",
        "-w0",
        "--maxqueue=3,2,1",
        "--job-handle-prefix=J",
        "--max-function-name=10",
        "--max-unique=20",
        "--max-functions=30",
        "--max-connections=40",
        "--max-packet=1M",
        "--max-text-line=1K",
        "--pause-output=2K",
        "--max-output=3K",
        "--output-timeout=1.5",
        "--keepalive-idle=7",
        "--keepalive-interval=-1",
        "--keepalive-count=9",
    )
    policy = policy_of(options)
    assert (policy.exceptions, policy.job_retries, policy.worker_wakeup) == (True, 5, 0)
    assert (policy.settings.max_queue, policy.handle_prefix) == ((3, 2, 1), b"J")
    assert (policy.max_function_name, policy.max_unique, policy.max_functions) == (10, 20, 30)
    assert limits_of(options, files=1000) == ConnectionLimits(
        connections=40,
        packet=2**20,
        text_line=1024,
        output=OutputLimits(2048, 3072, 1.5),
        keepalive=Keepalive(7, -1, 9),
    )


def test_the_last_one_wins() -> None:
    """An option may be repeated, as when a unit file appends options; the last one wins."""
    assert parsed("-p1", "--port=2")["port"] == 2


def test_endpoints_add_up() -> None:
    """Each --endpoint adds an endpoint."""
    assert parsed("--endpoint=unix:a", "--endpoint", "unix:b")["endpoint"] == ["unix:a", "unix:b"]


def test_a_configuration_file(tmp_path: Path) -> None:
    """The command line wins over the file, in any order of its options."""
    path = tmp_path / "gearmand.conf"
    path.write_text("--port=1 --listen=a\n--exceptions\n--endpoint=unix:file\n", "utf-8")
    options = parsed("-p2", f"--config-file={path}", "--endpoint=unix:line")
    assert (options["port"], options["listen"], options["exceptions"]) == (2, "a", 1)
    assert options["endpoint"] == ["unix:line"]
    assert parsed("--config-file", str(path))["endpoint"] == ["unix:file"]


def test_what_is_wrong_in_a_configuration_file(tmp_path: Path) -> None:
    """The message names the file; the file must exist and cannot name another file."""
    path = tmp_path / "gearmand.conf"
    path.write_text("--port=http", "utf-8")
    assert refusal(f"--config-file={path}").startswith(f"{path}: --port: 'http' is not a")
    path.write_text(f"--config-file={path}", "utf-8")
    assert refusal(f"--config-file={path}") == f"{path}: a configuration file cannot name another"
    path.unlink()
    assert refusal(f"--config-file={path}").startswith(f"{path}: cannot read it: No such file")


def test_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """GEARMAND_PORT, unless it is empty, sets a port that neither command line nor file has."""
    path = tmp_path / "gearmand.conf"
    path.write_text("--port=3", "utf-8")
    monkeypatch.setenv("GEARMAND_PORT", "5")
    assert parsed()["port"] == 5
    assert "port" in parsed().given
    assert parsed("-p4730")["port"] == 4730
    assert parsed(f"--config-file={path}")["port"] == 3
    monkeypatch.setenv("GEARMAND_PORT", "")
    assert parsed()["port"] == 4730


@pytest.mark.parametrize(
    "words",
    [
        "--port=65536",
        "--port=-1",
        "--backlog=0",
        "--job-retries=-2",
        "--job-retries=256",
        "--worker-wakeup=-1",
        "--file-descriptors=-1",
        "--max-packet=1023",
        "--max-packet=4G",
        "--max-unique=0",
        "--output-timeout=0",
        "--shutdown-timeout=-1",
        "--verbose=info",
        "--keepalive-idle=-2",
        "--hashtable-buckets=0",
        "--threads=four",
        "--config-file=",
        "--endpoint=",
    ],
)
def test_values_are_checked(words: str) -> None:
    """The message starts with the option."""
    assert refusal(words).startswith(words.partition("=")[0])


def test_output_limits_belong_together() -> None:
    """--max-output cannot be below --pause-output."""
    text = refusal("--pause-output=2M", "--max-output=1M")
    assert text == "--pause-output (2M) is more than --max-output (1M)"


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("--ssl", "--ssl: TLS is set up by --endpoint here, as in --endpoint=ssl:4731:"),
        ("--ssl-key=x", "--ssl-key: TLS is set up by --endpoint"),
        ("--http-port=80", "--http-port: HTTP is not in this version"),
        ("-rhttp", "--protocol: HTTP is not in this version"),
        ("--protocol=gopher", "--protocol: unknown protocol module 'gopher'"),
        ("-qMySQL", "--queue-type: 'MySQL' is not in this version; there are builtin and sqlite"),
        ("-qfoo", "--queue-type: 'foo' is not in this version; there are builtin and sqlite"),
        ("--redis-server=x", "--redis-server: the queue is in memory or in SQLite in this version"),
        ("--pid-file=x", "--pid-file: it is twistd's: twistd --pidfile=FILE gearmand"),
        ("-d", "--daemon: it is twistd's: twistd gearmand"),
        ("-uwww", "--user: it is twistd's: twistd --uid=NAME gearmand"),
        ("--syslog", "--syslog: it is twistd's: twistd --syslog gearmand"),
    ],
)
def test_what_this_version_cannot_do_is_refused(words: str, reason: str) -> None:
    """It is never ignored; the message names the alternative if there is one."""
    assert refusal(words).startswith(reason)


def test_a_queue_that_can_be_imported() -> None:
    """For a queue in a database of the C server the message names the import."""
    text = "--queue-type: 'Postgres' is not in this version; there are builtin and sqlite"
    assert refusal("-qPostgres") == f"{text}; gearman-tx import copies its jobs into a queue file"


def test_options_without_effect_are_accepted() -> None:
    """Options that only make sense in the C server are accepted."""
    options = parsed(
        "-t4", "--hashtable-buckets=991", "-R", "--keepalive", "--store-queue-on-shutdown"
    )
    assert options.given == {row.name for row in options.groups[C_GROUP]}


def test_help(capsys: pytest.CaptureFixture[str]) -> None:
    """It has every option, no line wider than the terminal, and the reasons of refusals."""
    options = Options()
    for word in ("--help", "-h"):
        with pytest.raises(SystemExit) as end:
            options.parseOptions([word])
        assert end.value.code == 0
    text = capsys.readouterr().out
    for name in options.rows:
        assert f"--{name}" in text
    assert max(len(line) for line in options.getUsage(width=80).splitlines()) <= 80
    assert REFUSED_GROUP in text
    assert "(default: 4730)" in text


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    """--version prints the version of gearman_tx, not Twisted's."""
    with pytest.raises(SystemExit) as end:
        parsed("--version")
    assert end.value.code == 0
    assert capsys.readouterr().out == f"gearmand {__version__} (gearman_tx, {BUILD})\n"


def test_twistd_gets_one_line() -> None:
    """Under twistd, which prints all its help for a usage error, an error ends the program."""
    options = Options()
    options.parent = usage.Options()
    with pytest.raises(SystemExit, match="twistd gearmand: unrecognised word 'stray'"):
        options.parseOptions(["stray"])


def test_a_long_machine_name_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    """Handles are shorter than 64 bytes, however long the machine's name is."""
    monkeypatch.setattr(os, "uname", lambda: SimpleNamespace(nodename="n" * 64))
    assert policy_of(parsed()).handle_prefix == b"H:" + b"n" * 41
