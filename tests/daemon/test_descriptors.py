"""Without free file descriptors, connections wait; none is refused and nothing spins."""

from __future__ import annotations

import os
import resource
import selectors
import socket
from pathlib import Path
from typing import Self

from tests.daemon.peer import Peer
from tests.daemon.process import WAIT_SECONDS, StartedServer, serving

FILES = 64
CLIENTS = 200
ROOM = 32  # connections of a process with 64 open files


class WaitingClients:
    """Clients that each connect, ask for the version, and wait."""

    def __init__(self, port: int, size: int) -> None:
        self._waiting = selectors.DefaultSelector()
        self.links: list[socket.socket] = []
        for _ in range(size):
            # The kernel accepts connections while the backlog has room.
            link = socket.create_connection(("127.0.0.1", port), WAIT_SECONDS)
            link.sendall(b"version\n")
            self.links.append(link)
            self._waiting.register(link, selectors.EVENT_READ)

    def __enter__(self) -> Self:
        """Return the clients."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close all connections."""
        for link in self.links:
            link.close()

    @property
    def is_served(self) -> bool:
        """Whether a waiting client has an answer now."""
        return bool(self._waiting.select(0))

    def served(self) -> list[socket.socket]:
        """Wait for answers; return the connections that have one and stop waiting for them."""
        ready = self._waiting.select(WAIT_SECONDS)
        assert ready, "no client is served"
        links = []
        for key, _ in ready:
            link = key.fileobj
            assert isinstance(link, socket.socket)
            assert link.recv(100).startswith(b"OK"), "a client was turned away"
            self._waiting.unregister(link)
            links.append(link)
        return links


def processor_seconds(server: StartedServer) -> float:
    """Return the server's CPU time in seconds."""
    fields = Path(f"/proc/{server.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_surplus_clients_wait_and_are_served(tmp_path: Path) -> None:
    """With descriptors for 32, 32 of 200 clients are served; others follow as those leave."""
    with (
        serving(tmp_path, f"--file-descriptors={FILES}") as server,
        WaitingClients(server.port, CLIENTS) as clients,
    ):
        assert f"up to {ROOM} connections, {FILES} open files" in server.text
        inside: list[socket.socket] = []
        while len(inside) < ROOM:
            inside += clients.served()
        inside[0].sendall(b"version\n")
        assert inside[0].recv(100).startswith(b"OK")
        assert not clients.is_served, "the server has no room for more"
        count = len(inside)
        while count < CLIENTS:
            for link in inside:
                link.close()
            inside = clients.served()
            count += len(inside)
        server.says(f"no more connections are accepted while {ROOM} are open")
        assert server.end() == 0
        assert "Traceback" not in server.text


def test_too_few_descriptors(tmp_path: Path) -> None:
    """A number with which no server can work is raised, as the log says."""
    with serving(tmp_path, "--file-descriptors=10") as server:
        assert f"--file-descriptors: 10 is raised to {FILES}" in server.text
        assert f"up to {ROOM} connections, {FILES} open files" in server.text
        with Peer(server.port) as client:
            client.submit()
        assert server.end() == 0


def test_descriptors_that_something_else_took(tmp_path: Path) -> None:
    """Descriptors may run out below the limit of connections: then the server sleeps."""
    with serving(tmp_path) as server, Peer(server.port) as other:
        assert other.ask(b"version").startswith(b"OK")
        taken = len(list(Path(f"/proc/{server.pid}/fd").iterdir()))
        before = resource.prlimit(server.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (taken + 2, before[1]))
        with WaitingClients(server.port, 10) as clients:
            server.says("no connection can be accepted for the moment: Too many open files")
            computed = processor_seconds(server)
            count = 0
            for _ in range(3):
                served = clients.served()
                count += len(served)
                for link in served:
                    link.close()
                assert other.ask(b"version").startswith(b"OK"), "the others are served on"
            resource.prlimit(server.pid, resource.RLIMIT_NOFILE, before)
            while count < len(clients.links):
                count += len(clients.served())
            assert processor_seconds(server) - computed < 1.0
        assert server.end() == 0
        assert "Traceback" not in server.text
