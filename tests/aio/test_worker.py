"""The worker in asyncio programs."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys

from gearman_tx.testing import GearmanServer
from tests.aio.conftest import Run

PROGRAM = """
import asyncio
from gearman_tx.aio import Worker

worker = Worker("127.0.0.1:PORT")

@worker.function("signalled")
async def hold(job):
    print("holding", job.workload.decode(), flush=True)
    await asyncio.Event().wait() if job.workload == b"forever" else await asyncio.sleep(0.5)
    return b"held"

print(asyncio.run(worker.run()), flush=True)
"""


def test_where_functions_run(run: Run) -> None:
    """Async functions run in the loop, with the context of the start; plain ones in threads."""
    assert run("""
import operator
user = contextvars.ContextVar("user")
worker = Worker(SERVER, concurrency=5, encoder=JSON)
@worker.function("FUNCTION-loop")
async def in_loop(job):
    await asyncio.sleep(0)
    return [job.data, user.get(), threading.current_thread() is threading.main_thread()]
@worker.function("FUNCTION-plain", place="loop")
def plainly_in_loop(job):
    return [asyncio.current_task() is not None, job.function.decode(), job.is_lost]
@worker.function("FUNCTION-thread")
def in_thread(job):
    job.send_status(1, 2)
    return threading.current_thread() is threading.main_thread()
worker.register("FUNCTION-process", operator.neg, place="process")
async def main():
    user.set("ann")
    async with worker, Client(SERVER, encoder=JSON) as client:
        await worker.when_connected()
        names = ("loop", "plain", "thread", "process")
        print(await asyncio.gather(*[client.submit(f"FUNCTION-{name}", 7) for name in names]))
        print(worker.running)
asyncio.run(main())
""") == ["[[7, 'ann', True], [True, 'test_where_functions_run-plain', False], False, -7]", "0"]


def test_wrong_arguments(run: Run) -> None:
    """They are errors at once, before anything is connected."""
    assert run("""
def attempt(function, *arguments, **options):
    try:
        function(*arguments, **options)
    except (ConfigurationError, RuntimeError) as error:
        print(error)
worker = Worker(SERVER)
async def some(job):
    return b""
attempt(Worker, "", concurrency=1)
attempt(Worker, SERVER, concurrency=0)
attempt(worker.register, "f", some, place="thread")
attempt(worker.register, "f", some, place="reactor")
attempt(worker.register, "", some)
attempt(worker.start)
async def main():
    async with worker:
        attempt(worker.register, "f", some)
        attempt(worker.start)
    print(await worker.when_ended())
asyncio.run(main())
print(threading.active_count())
""")[:8] == [
        "the name of a job server is empty; localhost:4730 is one",
        "the concurrency 0 is below 1",
        "an async def function runs in the loop, not in a thread",
        "the place 'reactor' is none of loop, thread, process",
        "the name of a function is empty",
        "no running event loop",
        "functions are registered before the worker starts",
        "the worker was started or stopped before; make a new one",
    ]


def test_the_end_of_its_block(run: Run) -> None:
    """Running jobs are finished; a stop that is cancelled gives them back to the server."""
    assert run("""
started = asyncio.Event()
async def hold(job):
    started.set()
    try:
        await (asyncio.Event().wait() if job.workload == b"forever" else asyncio.sleep(0.2))
    except asyncio.CancelledError:
        print("cancelled")
        raise
    return b"done"
async def main():
    async with Client(SERVER) as client:
        worker = Worker(SERVER)
        worker.register("FUNCTION", hold)
        async with worker:
            task = client.submit("FUNCTION", b"a while")
            await started.wait()
        print(await task, await worker.when_ended())
        started.clear()
        worker = Worker(SERVER)
        worker.register("FUNCTION", hold)
        try:
            async with asyncio.timeout(0.5), worker:
                task = client.submit("FUNCTION", b"forever")
                await started.wait()
        except TimeoutError:
            await worker.when_ended()
        async with make_worker():
            print(await task)
asyncio.run(main())
""") == ["b'done' its block has ended", "cancelled", "b'reverof'"]


def test_the_loop_is_closed(run: Run) -> None:
    """A worker that was not stopped gives its job back, and the next worker gets it."""
    assert run("""
async def leave():
    make_worker().start()
    await asyncio.sleep(0.2)
asyncio.run(leave())
async def go_on():
    async with Client(SERVER) as client:
        task = client.submit("FUNCTION", b"abc")
        await task.accepted()
        async with make_worker():
            print(await task)
asyncio.run(go_on())
""") == ["b'cba'"]


def test_signals(run: Run, server: GearmanServer) -> None:
    """After the first SIGTERM the running job is finished; the second one gives it back."""
    run("""
async def main():
    async with Client(SERVER) as client:
        await client.submit("signalled", b"a while", background=True)
        await client.submit("signalled", b"forever", background=True)
asyncio.run(main())
""")
    code = PROGRAM.replace("PORT", str(server.port))
    for workload in ("a while", "forever"):
        program = subprocess.Popen(
            [sys.executable, "-W", "error", "-c", code], stdout=subprocess.PIPE, text=True
        )
        try:
            assert program.stdout is not None
            assert program.stdout.readline() == f"holding {workload}\n"
            program.send_signal(signal.SIGTERM)
            while workload == "forever" and program.poll() is None:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    program.wait(0.5)  # two signals at once would be one
                program.send_signal(signal.SIGTERM)
            assert program.communicate(timeout=60)[0] == "SIGTERM came\n"
        finally:
            program.kill()
    assert [job.function for job in server.jobs()] == [b"signalled"]
