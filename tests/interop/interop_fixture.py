"""What an interoperability test works with: a job server, a function of its own, and programs."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import define

from tests.interop.interop_server import InteropServer
from tests.interop.language import Language
from tests.interop.peer_process import Outcome, PeerProcess, PeerRunner


@define(eq=False)
class InteropFixture:
    """A job server, a function name that no other test uses, and the programs started here."""

    server: InteropServer
    peers: PeerRunner
    function: str

    def run(
        self,
        command: list[str],
        stdin: bytes = b"",
        env: Mapping[str, str] | None = None,
        status: int = 0,
    ) -> Outcome:
        """Run a program to its end; see ``PeerRunner.run``."""
        return self.peers.run(command, stdin, env, status)

    def start(
        self, command: list[str], stdin: bytes | None = None, env: Mapping[str, str] | None = None
    ) -> PeerProcess:
        """Start a program; see ``PeerRunner.start``."""
        return self.peers.start(command, stdin, env)

    def start_worker(
        self,
        command: list[str],
        function: str | None = None,
        env: Mapping[str, str] | None = None,
    ) -> PeerProcess:
        """Start a worker and return when it is registered for ``function``, else the fixture's."""
        function = function or self.function
        workers = self.server.counts(function).workers
        process = self.peers.start(command, None, env)
        self.server.await_workers(function, workers + 1)
        return process

    def worker(
        self, language: Language, behaviour: str, env: Mapping[str, str] | None = None
    ) -> PeerProcess:
        """Start the worker of ``language`` with one behaviour and wait until it is registered."""
        command = [*language.worker, str(self.server.port), f"{self.function}={behaviour}"]
        return self.start_worker(command, None, {**language.env, **(env or {})})

    def call(
        self,
        language: Language,
        mode: str,
        *arguments: str,
        workload: bytes = b"hello",
        env: Mapping[str, str] | None = None,
    ) -> Outcome:
        """Run the client of ``language`` to its end on the fixture's function."""
        return self.call_start(language, mode, *arguments, workload=workload, env=env).succeed()

    def call_start(
        self,
        language: Language,
        mode: str,
        *arguments: str,
        workload: bytes = b"hello",
        env: Mapping[str, str] | None = None,
    ) -> PeerProcess:
        """Start the client of ``language`` on the fixture's function."""
        command = [*language.client, str(self.server.port), mode, self.function, *arguments]
        return self.peers.start(command, workload, {**language.env, **(env or {})})

    def gearman(self, *arguments: str) -> list[str]:
        """Return the command line of ``gearman`` for this server and function."""
        address = ["-h", "127.0.0.1", "-p", str(self.server.port)]
        return ["gearman", *address, "-f", self.function, *arguments]

    def queue(self, *arguments: str) -> str:
        """Submit one background job with ``gearman`` and return its handle."""
        outcome = self.run(self.gearman("-v", "-b", *arguments))
        return outcome.lines[0].removeprefix("Task created: ")
