"""The client in asyncio programs."""

from __future__ import annotations

from tests.aio.conftest import Run


def test_what_it_offers(run: Run) -> None:
    """Results, handles, progress, the status of jobs, an echo and options."""
    lines = run("""
worker = make_worker()
@worker.function("FUNCTION-film")
async def convert(job):
    await job.send_status(1, 2)
    await job.send_data(b"half")
    await job.send_warning(b"careful")
    return b"done"
async def main():
    async with Client(SERVER, encoder=TEXT) as client, worker:
        await client.connect()
        await client.set_option("exceptions")
        print(await client.echo(b"abc"), await client.submit("FUNCTION", "hello"))
        task = client.submit("FUNCTION-film", "film", unique="u")
        print(await task.accepted() == task.handle, task.server == SERVER, task.workload)
        async for update in task:
            print(update)
        print(repr(await task), task.is_done, (await task.status()).known)
        print(task.function, task.unique, task.is_background)
        background = client.submit("nobody", "x", background=True, unique="FUNCTION")
        print(await background == background.handle, background.is_background)
        status = await client.status(background.handle)
        print(status.known, status.running, await client.status_by_unique("FUNCTION") != status)
asyncio.run(main())
""")
    assert lines == [
        "b'abc' olleh",
        "True True film",
        "Status(numerator=1, denominator=2)",
        "Data(data=b'half')",
        "Warning(data=b'careful')",
        "'done' True False",
        "b'test_what_it_offers-film' b'u' False",
        "True True",
        "True False True",
    ]


def test_errors(run: Run) -> None:
    """Wrong arguments are errors at once; failed jobs, no server and timeouts when awaited."""
    assert run("""
async def main():
    for servers in ("", "localhost:99999", ["one", "one"], "tls:"):
        try:
            Client(servers)
        except ConfigurationError as error:
            print("wrong server")
    worker = make_worker()
    @worker.function("FUNCTION-fails")
    async def fails(job):
        job.fail()
    @worker.function("FUNCTION-broken")
    async def broken(job):
        raise ValueError("boom")
    async with Client(SERVER) as client, worker:
        try:
            client.submit("a\\0b", b"")
        except LocalProtocolError as error:
            print(error)
        for name, options in (
            ("fails", {}), ("broken", {}), ("never", {"timeout": 0.1}),
            ("never", {"try_timeout": 0.1, "retries": 1, "on_retry": lambda error: print("again")}),
        ):
            try:
                await client.submit(f"FUNCTION-{name}", b"", **options)
            except GearmanError as error:
                print(type(error).__name__)
    try:
        await client.submit("FUNCTION", b"")
    except ConnectionLost as error:
        print(error)
    async with Client("127.0.0.1:1", accept_timeout=0.1) as client:
        for waiting in (client.connect(), client.submit("f", b""), client.status("H:1")):
            try:
                await waiting
            except NoServer as error:
                print("no server")
asyncio.run(main())
""") == [
        *["wrong server"] * 4,
        "a name has a NUL byte: b'a\\x00b'",
        "JobFailed",
        "JobException",
        "TimedOut",
        "again",
        "TimedOut",
        "the client was closed",
        *["no server"] * 3,
    ]


def test_cancelling(run: Run) -> None:
    """Whatever waits for a task and is cancelled cancels the task, unless it is shielded."""
    assert run("""
async def until(condition):
    while not condition():
        await asyncio.sleep(0.01)
async def updates(task):
    async for update in task:
        pass
async def main():
    async with Client(SERVER) as client:
        for wait in (lambda task: task, updates):
            for is_accepted in (False, True):
                task = client.submit("FUNCTION", b"x")
                if is_accepted:
                    await task.accepted()
                try:
                    async with asyncio.timeout(0.05 if is_accepted else 0):
                        await wait(task)
                except TimeoutError:
                    await until(lambda: task.is_done)
                    print("cancelled")
        task = client.submit("FUNCTION", b"x")
        waiting = asyncio.ensure_future(task)
        try:
            await asyncio.wait_for(asyncio.shield(waiting), 0.05)
        except TimeoutError:
            print(task.is_done)
        task.cancel()
        try:
            await waiting
        except asyncio.CancelledError:
            print("cancelled")
        batch = client.submit_many("FUNCTION", [b"x"] * 10)
        waiting = asyncio.ensure_future(batch.results())
        await asyncio.sleep(0.05)
        waiting.cancel()
        try:
            await waiting
        except asyncio.CancelledError:
            print("cancelled")
asyncio.run(main())
""") == [*["cancelled"] * 4, "False", *["cancelled"] * 2]


def test_callbacks_run_in_the_loop(run: Run) -> None:
    """They are called in the loop's thread, before the result comes, with the context of submit."""
    assert run("""
user = contextvars.ContextVar("user")
worker = make_worker()
@worker.function("FUNCTION-film")
async def convert(job):
    await job.send_status(1, 2)
    await job.send_data(b"half")
    await job.send_warning(b"careful")
    return b"done"
def show(*words):
    print(*words, user.get(), threading.current_thread() is threading.main_thread())
async def main():
    user.set("ann")
    async with Client(SERVER) as client, worker:
        task = client.submit(
            "FUNCTION-film", b"", on_data=show, on_warning=show, on_status=show
        )
        user.set("bob")
        print(await task)
asyncio.run(main())
""") == ["1 2 ann True", "b'half' ann True", "b'careful' ann True", "b'done'"]


def test_many_tasks(run: Run) -> None:
    """Results, the order of ends, slow sources, failures and errors of the source."""
    assert run("""
worker = make_worker(concurrency=20)
@worker.function("FUNCTION-odd")
async def odd(job):
    if int(job.workload) % 2:
        job.fail()
    return b"even"
async def pages():
    for number in range(30):
        await asyncio.sleep(0)
        yield b"%d" % number
def broken():
    yield b"1"
    raise OSError("the disk")
async def main():
    async with Client(SERVER) as client, worker:
        many = [b"%d" % number for number in range(3000)]
        results = await client.submit_many("FUNCTION", many, unique=lambda one: one, window=500)
        print(results == [one[::-1] for one in many])
        ends = [await task async for task in client.submit_many("FUNCTION", many, in_order=False)]
        print(sorted(ends) == sorted(results), len(ends))
        print(len(await client.submit_many("FUNCTION", pages(), window=4)))
        failed = 0
        async for task in client.submit_many("FUNCTION-odd", many[:10]):
            try:
                assert await task == b"even"
            except JobFailed:
                failed += int(task.workload) % 2
        print(failed)
        try:
            await client.submit_many("FUNCTION-odd", many)
        except JobFailed:
            print("failed")
        try:
            await client.submit_many("FUNCTION", broken())
        except OSError as error:
            print(error)
        try:
            client.submit_many("FUNCTION", [], window=0)
        except ValueError as error:
            print(error)
        handles = await client.submit_many("FUNCTION-later", many, background=True)
        print(len(set(handles)))
asyncio.run(main())
""") == [
        "True",
        "True 3000",
        "30",
        "5",
        "failed",
        "the disk",
        "a window of 0 tasks is below 1",
        "3000",
    ]


def test_loops_and_threads(run: Run) -> None:
    """One client serves loops one after the other and side by side, and needs none to submit."""
    assert run("""
client = Client(SERVER)
async def work(number):
    return await client.submit("FUNCTION", b"%d" % number)
async def main():
    async with make_worker(concurrency=3):
        print(await work(12))
        loops = [asyncio.to_thread(lambda n=n: asyncio.run(work(n))) for n in range(20, 25)]
        print(await asyncio.gather(*loops))
asyncio.run(main())
task = client.submit("FUNCTION-later", b"x", background=True)
async def again():
    print(await task == task.handle)
asyncio.run(again())
asyncio.run(client.close())
others = {*threading.enumerate()} - {threading.main_thread()}
print(all(one.daemon for one in others))
""") == ["b'21'", "[b'02', b'12', b'22', b'32', b'42']", "True", "True"]


def test_forks(run: Run) -> None:
    """A client that a module made and used serves forked processes; a task stays with its own."""
    assert run("""
warnings.filterwarnings("ignore", ".*use of fork", DeprecationWarning)
client = Client(SERVER)
async def ask():
    async with make_worker():
        print(await client.submit("FUNCTION", b"abc"), flush=True)
async def wait_for(task):
    try:
        await task
    except ConnectionLost as error:
        print(error, flush=True)
asyncio.run(ask())
task = client.submit("FUNCTION-later", b"x")
child = os.fork()
if not child:
    asyncio.run(ask())
    asyncio.run(wait_for(task))
    os._exit(0)
os.waitpid(child, 0)
asyncio.run(ask())
print(task.is_done)
task.cancel()
""") == [
        "b'cba'",
        "b'cba'",
        "the task was submitted by the process from which this one was forked",
        "b'cba'",
        "False",
    ]


def test_the_reactor_ends(run: Run) -> None:
    """Everything that waits fails, and does not wait any longer."""
    assert run("""
from gearman_tx.reactor_thread import THREAD
async def main():
    client = Client(SERVER)
    task = client.submit("FUNCTION", b"x")
    await task.accepted()
    batch = client.submit_many("FUNCTION", [b"x"] * 3)
    waiting = [asyncio.ensure_future(one) for one in (task, batch.results(), anext(aiter(task)))]
    await asyncio.sleep(0.1)
    THREAD.post(THREAD.start().crash)
    ends = await asyncio.gather(*waiting, return_exceptions=True)
    print([type(error).__name__ for error in ends])
asyncio.run(main())
""") == [str(["ReactorUnavailable"] * 3)]


def test_a_loop_that_is_closed(run: Run) -> None:
    """A task that outlives its loop disturbs nothing."""
    assert run("""
client = Client(SERVER)
async def leave():
    task = client.submit("FUNCTION", b"abc", on_status=print)
    await task.accepted()
    return task
task = asyncio.run(leave())
async def go_on():
    async with make_worker():
        print(await task)
asyncio.run(go_on())
""") == ["b'cba'"]
