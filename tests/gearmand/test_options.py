"""``gearman-tx gearmand`` takes the C server's command line, option by option."""

from __future__ import annotations

from pathlib import Path

import pytest

from gearman_tx._version import BUILD, __version__
from gearman_tx.gearmand.command import run

TAKEN = """
-b 32 --backlog=32 -d --daemon --exceptions -f 1024 --file-descriptors=1024 -j 0 --job-retries=3
--job-handle-prefix=H:x --hashtable-buckets=991 --keepalive --keepalive-idle=-1
--keepalive-interval=-1 --keepalive-count=-1 -l /x --log-file=stderr -L localhost --listen=127.0.0.1
-P /x --pid-file=/x -R --round-robin -q builtin --queue-type=Builtin --syslog --coredump -t 4
--threads=0 -u root --user=root --verbose=FATAL --verbose=ALERT --verbose=CRITICAL --verbose=ERROR
--verbose=WARNING --verbose=NOTICE --verbose=INFO --verbose=DEBUG -w 0 --worker-wakeup=1 -p 4730
--port=4730 -q libsqlite3 --queue-type=sqlite --libsqlite3-db=x --libsqlite3-table=x
--store-queue-on-shutdown
"""
"""The C server's options that have an effect here, or are accepted without one."""

REFUSED = """
--ssl --ssl-ca-file=x --ssl-certificate=x --ssl-key=x -r http --protocol=http --http-port=8080
-q redis --queue-type=mysql
--mysql-host=x --mysql-port=1 --mysql-user=x --mysql-password=x --mysql-db=x --mysql-table=x
--libpq-conninfo=x --libpq-table=x --libmemcached-servers=x --libmemcached-prefix=x
--redis-server=x --redis-port=1 --redis-password=x --redis-prefix=x --libdrizzle-host=x
--libdrizzle-port=1 --libdrizzle-uds=x --libdrizzle-user=x --libdrizzle-password=x
--libdrizzle-db=x --libdrizzle-table=x --libdrizzle-mysql --libtokyocabinet-file=x
--libtokyocabinet-optimize
"""
"""The C server's options for features that this version does not have."""


def options(text: str) -> list[str]:
    """Return the options in ``text``, each with its value."""
    return " ".join(text.split()).replace(" -", "\n-").splitlines()


@pytest.mark.parametrize("words", options(TAKEN))
def test_takes(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    """--check-args prints nothing, and the status is 0."""
    assert run(["--check-args", *words.split()]) == 0
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("words", options(REFUSED))
def test_refuses(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    """--check-args names the missing feature in one line; the status is 1."""
    assert run(["--check-args", *words.split()]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("gearmand: --")
    assert "in this version" in err or "--endpoint" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    "words", ["--bogus", "stray", "--vers", "-v", "--exceptions=1", "-f", "--port=http", "-x", "-"]
)
def test_mistakes(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Words that the C server does not accept are one line and status 1."""
    assert run([*words.split(), "--check-args"][: None if words != "-f" else 1]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("gearmand: ")
    assert err.count("\n") == 1


def test_check_args_looks_at_the_handle_prefix(capsys: pytest.CaptureFixture[str]) -> None:
    """Errors that would prevent the start later are found too."""
    assert run(["--check-args", f"--job-handle-prefix={'x' * 60}"]) == 1
    assert "must have 1 to 43 bytes" in capsys.readouterr().err


def test_check_args_reads_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Errors in a configuration file count, and a named file must exist."""
    path = tmp_path / "conf"
    assert run(["--check-args", f"--config-file={path}"]) == 1
    path.write_text("--port 99999", "utf-8")
    assert run(["--check-args", f"--config-file={path}"]) == 1
    path.write_text("--port 4730\n-d", "utf-8")
    assert run(["--check-args", f"--config-file={path}"]) == 0
    assert capsys.readouterr().err.count("\n") == 2


@pytest.mark.parametrize("word", ["-V", "--version"])
def test_version(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    """An empty line, then name and version, in the format of the C server."""
    with pytest.raises(SystemExit) as end:
        run(["--port=1", word])
    assert end.value.code == 0
    assert capsys.readouterr().out == f"\ngearmand {__version__} - gearman_tx ({BUILD})\n"


@pytest.mark.parametrize("word", ["-h", "--help"])
def test_help(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The help has the options of the process, which twistd has as its own options."""
    with pytest.raises(SystemExit) as end:
        run([word])
    assert end.value.code == 0
    out = " ".join(capsys.readouterr().out.split())
    assert out.startswith("Usage: gearman-tx gearmand [options]")
    assert "-P, --pid-file=FILE" in out
    assert "(default: /etc/gearmand.conf)" in out
