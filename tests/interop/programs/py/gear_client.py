"""A client of gear: ``gear_client.py PORT MODE FUNCTION [ARGUMENT]``; stdin is the workload.

``do``        prints the result
``events``    one job; prints one line for each packet about it; ARGUMENT "exceptions" sets the
              server option first
``many``      ARGUMENT jobs at once, workloads "0", "1" ...; prints "<workload> <result>" lines
``priority``  one background job of each priority; prints each handle
``mixed``     text commands and packets in turn on one connection; prints the answers
"""

from __future__ import annotations

import sys
import threading
from typing import Any

import gear
from gear import constants

SECONDS = 60.0


def say(*words: object) -> None:
    """Print one line at once; bytes as text."""
    texts = [word.decode() if isinstance(word, bytes) else str(word) for word in words]
    sys.stdout.write(" ".join(texts) + "\n")
    sys.stdout.flush()


class Client(gear.Client):  # type: ignore[misc]  # the package ships no types
    """A client that tells of each packet and knows when all its jobs have ended."""

    def __init__(self, port: int, *, talkative: bool) -> None:
        """Connect to ``port`` on 127.0.0.1."""
        self.talkative = talkative
        self.ended = threading.Semaphore(0)
        self.status_known = threading.Event()
        self.echo_known = threading.Event()
        self.echoed = b""
        super().__init__("gear-client")
        self.addServer("127.0.0.1", port)
        self.waitForServer(SECONDS)

    def tell(self, *words: object) -> None:
        """Print a line when the client is talkative."""
        if self.talkative:
            say(*words)

    def handleJobCreated(self, packet: Any) -> Any:  # noqa: N802  # the library's spelling
        """Tell the handle."""
        self.tell("created", packet.getArgument(0, True))
        return super().handleJobCreated(packet)

    def handleWorkData(self, packet: Any) -> Any:  # noqa: N802
        """Tell the data."""
        self.tell("data", packet.getArgument(1, True))
        return super().handleWorkData(packet)

    def handleWorkWarning(self, packet: Any) -> Any:  # noqa: N802
        """Tell the warning."""
        self.tell("warning", packet.getArgument(1, True))
        return super().handleWorkWarning(packet)

    def handleWorkStatus(self, packet: Any) -> Any:  # noqa: N802
        """Tell the progress."""
        job = super().handleWorkStatus(packet)
        self.tell("status", job.numerator + b"/" + job.denominator)
        return job

    def handleWorkComplete(self, packet: Any) -> Any:  # noqa: N802
        """Tell the result."""
        self.tell("complete", packet.getArgument(1, True))
        job = super().handleWorkComplete(packet)
        self.ended.release()
        return job

    def handleWorkFail(self, packet: Any) -> Any:  # noqa: N802
        """Tell the failure."""
        job = super().handleWorkFail(packet)
        self.tell("fail")
        self.ended.release()
        return job

    def handleWorkException(self, packet: Any) -> Any:  # noqa: N802
        """Tell the exception."""
        job = super().handleWorkException(packet)
        self.tell("exception", job.exception)
        self.ended.release()
        return job

    def handleStatusRes(self, packet: Any) -> Any:  # noqa: N802
        """Note that the status has come."""
        job = super().handleStatusRes(packet)
        self.status_known.set()
        return job

    def handleEchoRes(self, packet: Any) -> None:  # noqa: N802
        """Keep what came back; the library's own Connection.echo() fails on its own lock."""
        self.echoed = packet.getArgument(0, True)
        self.echo_known.set()

    def wait(self, jobs: int = 1) -> None:
        """Return when ``jobs`` more jobs have ended."""
        for _ in range(jobs):
            if not self.ended.acquire(timeout=SECONDS):
                sys.exit("no end of a job")


def mixed(client: Client, function: str, workload: bytes) -> None:
    """Alternate text commands and packets on the one connection of the client."""
    connection = client.getConnection()

    def ask(request: gear.AdminRequest) -> bytes:
        connection.sendAdminRequest(request, SECONDS)
        answer: bytes = request.response
        return answer.removesuffix(b"\n")

    def lines(request: gear.AdminRequest) -> list[bytes]:
        return ask(request).split(b"\n")

    def status_line() -> list[bytes]:
        rows = lines(gear.StatusAdminRequest())
        return [row for row in rows if row.startswith(function.encode() + b"\t")]

    say("version", ask(gear.VersionAdminRequest()))
    job = gear.Job(function, workload, b"gear-unique")
    client.submitJob(job, background=True)
    say("status", *status_line())
    client.sendPacket(gear.Packet(constants.REQ, constants.GET_STATUS, job.handle), connection)
    client.status_known.wait(SECONDS)
    say("known", job.known, "running", job.running)
    say("job listed", job.handle + b"\t0\t0\t1" in lines(gear.ShowJobsAdminRequest()))
    say("unique listed", b"gear-unique" in lines(gear.ShowUniqueJobsAdminRequest()))
    client.sendPacket(gear.Packet(constants.REQ, constants.ECHO_REQ, b"are you there?"), connection)
    client.echo_known.wait(SECONDS)
    say("echo", client.echoed)
    *rows, end = lines(gear.WorkersAdminRequest())
    say("workers", all(b" 127.0.0.1 " in row for row in rows), end)
    say("cancel", ask(gear.CancelJobAdminRequest(job.handle)).strip())
    say("cancel", ask(gear.CancelJobAdminRequest("H:nowhere:1")).strip())
    second = gear.Job(function, workload, b"gear-unique-2")
    client.submitJob(second, background=True)
    say("another", second.handle != job.handle)


def main() -> None:
    """Run the mode of the command line."""
    port, mode, function, *rest = sys.argv[1:]
    argument = rest[0] if rest else ""
    workload = sys.stdin.buffer.read()
    client = Client(int(port), talkative=mode == "events")
    if mode in {"do", "events"}:
        if argument:
            say("option", client.setOption(argument, SECONDS))
        job = gear.Job(function, workload)
        client.submitJob(job)
        client.wait()
        if mode == "do":
            sys.stdout.buffer.write(b"".join(job.data))
    elif mode == "many":
        jobs = [gear.Job(function, str(number).encode()) for number in range(int(argument))]
        for job in jobs:
            client.submitJob(job)
        client.wait(len(jobs))
        for job in jobs:
            say(job.arguments, b"".join(job.data))
    elif mode == "priority":
        for precedence, name in (
            (gear.PRECEDENCE_LOW, b"low"),
            (gear.PRECEDENCE_NORMAL, b"normal"),
            (gear.PRECEDENCE_HIGH, b"high"),
        ):
            job = gear.Job(function, name + b" " + workload)
            client.submitJob(job, background=True, precedence=precedence)
            say(job.handle)
    elif mode == "mixed":
        mixed(client, function, workload)
    client.shutdown()


main()
