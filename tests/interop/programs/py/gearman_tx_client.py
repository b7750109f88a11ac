"""Our own client: ``gearman_tx_client.py PORT MODE FUNCTION [ARGUMENT]``; stdin is the workload.

PORT may be a list of several: 4730,4731.

``do``          prints the result
``lines``       does a job for each line of standard input as it comes; prints each result
``events``      one task; prints one line for each update, then how it ended
``many``        ARGUMENT tasks at once, workloads "1", "2" ...; prints "<workload> <result>" lines
                (not "0", which Perl's worker cannot give back)
``shared``      ARGUMENT tasks with one unique; prints the events of each on a line of its own
``background``  one background task of each priority; prints each handle
``status``      prints what is known of the handle ARGUMENT
``unique``      prints what is known of the unique ARGUMENT
"""

from __future__ import annotations

import sys
from typing import Any, assert_never

from twisted.internet.defer import Deferred
from twisted.internet.task import react
from twisted.internet.threads import deferToThread

from gearman_tx.client import Client, Data, JobStatus, Status, Task, Update
from gearman_tx.client import Warning as WarningUpdate
from gearman_tx.errors import JobException, JobFailed


def say(text: str) -> None:
    """Print one line at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def tell(update: Update) -> str:
    """Return an update as one line."""
    match update:
        case Data(data):
            return f"data {data.decode()}"
        case WarningUpdate(data):
            return f"warning {data.decode()}"
        case Status(numerator, denominator):
            return f"status {numerator}/{denominator}"
        case _:
            assert_never(update)


async def events(task: Task[bytes]) -> list[str]:
    """Return all that becomes of ``task``, a line for each update and one for its end."""
    lines = [f"created {(await task.accepted).decode()}"]
    lines += [tell(update) async for update in task]
    try:
        lines.append(f"complete {(await task).decode()}".rstrip())
    except JobException as error:
        lines.append(f"exception {error.text}".rstrip())
    except JobFailed:
        lines.append("fail")
    return lines


def tell_status(status: JobStatus) -> str:
    """Return a status as PHP's client has it."""
    numbers = f"{status.numerator},{status.denominator}"
    return f"[{str(status.known).lower()},{str(status.running).lower()},{numbers}]"


async def run(  # noqa: C901, PLR0912  # one case for each mode
    client: Client[bytes], mode: str, function: str, argument: str
) -> None:
    """Do what ``mode`` says."""
    workload = b"" if mode == "lines" else sys.stdin.buffer.read()
    match mode:
        case "do":
            sys.stdout.buffer.write(await client.submit(function, workload))
        case "lines":
            while line := await deferToThread(sys.stdin.buffer.readline):
                say((await client.submit(function, line.rstrip(), retries=3)).decode())
        case "events":
            for line in await events(client.submit(function, workload)):
                say(line)
        case "many":
            numbers = [b"%d" % number for number in range(1, int(argument) + 1)]
            async for task in client.submit_many(function, numbers, in_order=False):
                say(f"{task.workload.decode()} {(await task).decode()}")
        case "shared":
            tasks = [client.submit(function, workload, unique="u") for _ in range(int(argument))]
            for task in tasks:
                say(" ".join(await events(task)))
        case "background":
            for priority in ("high", "normal", "low"):
                words = f"{priority} ".encode() + workload
                task = client.submit(function, words, priority=priority, background=True)
                say((await task).decode())
        case "status":
            say(tell_status(await client.status(argument)))
        case "unique":
            say(tell_status(await client.status_by_unique(argument)))


async def main(reactor: Any, ports: str, mode: str, function: str, argument: str = "") -> None:
    """Connect to the servers on ``ports`` and do what ``mode`` says."""
    servers = [f"127.0.0.1:{port}" for port in ports.split(",")]
    async with Client(servers, reactor=reactor, choice="in order") as client:
        await run(client, mode, function, argument)


if __name__ == "__main__":
    react(lambda reactor, *words: Deferred.fromCoroutine(main(reactor, *words)), sys.argv[1:])
