"""A server is reached on all addresses and endpoints of its options."""

from __future__ import annotations

import os
import signal
import socket
import ssl
import subprocess
import sys
from pathlib import Path

import pytest

from tests.daemon.peer import Peer
from tests.daemon.process import WAIT_SECONDS, run, serving, started, twistd
from tests.support.peers import require_program
from tests.support.ports import free_port

HANDED_OVER = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1", LISTEN_FDNAMES="gearmand.socket")
os.execv(sys.argv[2], sys.argv[2:])
"""
"""Do as systemd: the socket becomes descriptor 3; the environment has the process id."""


def ask_on(family: socket.AddressFamily, host: str, port: int) -> bytes:
    """Return the reply of the server there to ``version``."""
    with socket.socket(family) as link:
        link.settimeout(WAIT_SECONDS)
        link.connect((host, port))
        link.sendall(b"version\n")
        return link.recv(100)


def test_listens_on_ipv4_and_ipv6(tmp_path: Path) -> None:
    """Without --listen, the server has one socket for IPv4 and one for IPv6, on one port."""
    if not socket.has_ipv6:
        pytest.skip("this machine has no IPv6")
    port = free_port()
    with started(twistd(f"--port={port}"), tmp_path) as server:
        text = server.ready()
        assert f"listening on 0.0.0.0:{port}, [::]:{port}\n" in text
        assert ask_on(socket.AF_INET, "127.0.0.1", port).startswith(b"OK")
        assert ask_on(socket.AF_INET6, "::1", port).startswith(b"OK")
        assert server.end() == 0


def test_port_zero_takes_a_free_port_on_all_addresses(tmp_path: Path) -> None:
    """``--port 0`` takes one free port for IPv4 and IPv6 and logs it."""
    with started(twistd("--port=0", "--listen=localhost"), tmp_path) as server:
        line = server.ready().partition("listening on ")[2].partition("\n")[0]
        ports = {address.rpartition(":")[2] for address in line.split(", ")}
        assert len(ports) == 1
        assert ask_on(socket.AF_INET, "127.0.0.1", int(ports.pop())).startswith(b"OK")


def test_the_port_comes_from_the_environment(tmp_path: Path) -> None:
    """GEARMAND_PORT sets the port; --port takes precedence."""
    port, other = free_port(), free_port()
    environment = {**os.environ, "GEARMAND_PORT": str(port)}
    with started(twistd("--listen=127.0.0.1"), tmp_path, environment) as server:
        assert f"127.0.0.1:{port}\n" in server.ready()
    command = twistd("--listen=127.0.0.1", f"--port={other}")
    with started(command, tmp_path, environment) as server:
        assert f"127.0.0.1:{other}\n" in server.ready()


def test_a_unix_socket_alone(tmp_path: Path) -> None:
    """With an endpoint and no --port, the server listens only there; the socket is removed."""
    path = tmp_path / "socket"
    command = twistd(f"--endpoint=unix:{path}", "--backlog=32", "--threads=4")
    with started(command, tmp_path) as server:
        assert f"listening on unix:{path}\n" in server.ready()
        assert "--backlog: 32 is raised to 1024" in server.text
        assert "--threads has no effect: one thread serves all connections" in server.text
        with Peer(str(path)) as operator:
            assert operator.ask(b"version").startswith(b"OK")
            assert b" unix - :" in operator.ask(b"workers")
        assert server.end(signal.SIGTERM) == 0
        assert "Traceback" not in server.text
    assert not path.exists()


def test_tls_beside_plain_text(tmp_path: Path) -> None:
    """--port and a TLS endpoint work together; a TLS connection has keep-alive too."""
    pytest.importorskip("OpenSSL")
    openssl = require_program("openssl", "apt-get install openssl")
    key, certificate, port = tmp_path / "key", tmp_path / "certificate", free_port()
    words = (
        f"req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost -keyout {key} -out {certificate}"
    )
    assert run([openssl, *words.split()], tmp_path).status == 0
    endpoint = f"ssl:{port}:privateKey={key}:certKey={certificate}:interface=127.0.0.1"
    with serving(tmp_path, f"--endpoint={endpoint}") as server:
        assert f"ssl:127.0.0.1:{port}" in server.text
        context = ssl.create_default_context(cafile=certificate)
        context.check_hostname = False
        with (
            socket.create_connection(("127.0.0.1", port), WAIT_SECONDS) as plain,
            context.wrap_socket(plain) as link,
        ):
            link.sendall(b"version\n")
            assert link.recv(100).startswith(b"OK")
            with Peer(server.port) as operator:
                assert operator.ask(b"version").startswith(b"OK")
            assert server.end() == 0
        assert "Traceback" not in server.text


@pytest.mark.parametrize("daemon", [False, True])
def test_socket_activation(tmp_path: Path, *, daemon: bool) -> None:
    """A socket of systemd is served, also by a daemon with another process id."""
    log, pid_file = tmp_path / "log", tmp_path / "pid"
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port, number = listening.getsockname()[1], listening.fileno()
        how = (f"--pidfile={pid_file}",) if daemon else ("--nodaemon", "--pidfile=")
        command = twistd(
            "--endpoint=systemd:domain=INET:index=0", f"--log-file={log}", twistd_options=how
        )
        command = [sys.executable, "-c", HANDED_OVER, str(number), *command]
        with started(command, tmp_path, log=log, pass_fds=[number]) as server:
            if daemon:
                assert server.end(None) == 0
                server.pid, server.process = int(pid_file.read_text()), None
            assert f"listening on systemd:127.0.0.1:{port}\n" in server.ready()
            with Peer(port) as operator:
                assert operator.ask(b"version").startswith(b"OK")
            server.end(signal.SIGTERM)


def test_an_address_that_this_machine_has_not(tmp_path: Path) -> None:
    """An unavailable address of a name is left out, and the log says so."""
    hosts = tmp_path / "hosts"
    hosts.write_text("127.0.0.1 both\n2001:db8::1 both\n", encoding="utf-8")
    unshare = require_program("unshare", "apt-get install util-linux")
    script = f"mount --bind {hosts} /etc/hosts && exec {' '.join(twistd('--port=0', '-L', 'both'))}"
    probe = [unshare, "--mount", "true"]
    if subprocess.run(probe, capture_output=True, check=False).returncode:
        pytest.skip("only root may change /etc/hosts for one process")
    with started([unshare, "--mount", "sh", "-c", script], tmp_path) as server:
        text = server.ready()
        assert "cannot listen on [2001:db8::1]:" in text
        assert "listening on 127.0.0.1:" in text
