"""PHP's gearman extension, with the scenario its tutorial tells.

A client sends ``Hello``, a worker answers its length; workers share the load and replace each
other; there may be several clients and several job servers.
"""

from __future__ import annotations

from tests.interop.conftest import StartServer
from tests.interop.interop_fixture import InteropFixture
from tests.interop.language import Language


def test_the_tutorials_job(interop: InteropFixture, php: Language) -> None:
    """The client sends ``Hello`` and prints the worker's answer, its length ``5``."""
    interop.worker(php, "length")
    assert interop.call(php, "do", workload=b"Hello").out == b"5"


def test_several_workers_share_the_load(interop: InteropFixture, php: Language) -> None:
    """Three jobs of one client are in work at the same time, one in each of three workers."""
    workers = [interop.worker(php, "hold") for _ in range(3)]
    client = interop.call_start(php, "many", "3")
    for worker in workers:
        worker.await_output(b"holding ")
    assert interop.server.counts(interop.function) == (3, 3, 3)
    for worker in workers:
        worker.send_line()
    assert sorted(client.succeed().lines) == ["0 0", "1 1", "2 2"]
    assert sorted(worker.out for worker in workers) == [b"holding %d\n" % n for n in range(3)]


def test_another_worker_finishes_the_job_of_a_killed_one(
    interop: InteropFixture, php: Language
) -> None:
    """A client whose worker is killed in the middle of its job gets the result all the same."""
    first = interop.worker(php, "hold")
    client = interop.call_start(php, "do", workload=b"Hello")
    first.await_output(b"holding Hello")
    interop.worker(php, "length")
    first.kill()
    assert client.succeed().out == b"5"


def test_a_job_survives_that_all_its_workers_are_killed(
    interop: InteropFixture, php: Language
) -> None:
    """With no worker left the job waits in the queue until a new one comes."""
    client = interop.call_start(php, "do", workload=b"Hello")
    for _ in range(2):
        worker = interop.worker(php, "hold")
        worker.await_output(b"holding Hello")
        worker.kill()
        interop.server.await_exactly(interop.function, (1, 0, 0))
    interop.worker(php, "length")
    assert client.succeed().out == b"5"


def test_several_clients_are_served_at_once(interop: InteropFixture, php: Language) -> None:
    """Clients in processes of their own each get the answer to their own workload."""
    interop.worker(php, "reverse")
    interop.worker(php, "reverse")
    words = [b"one", b"two", b"three", b"four", b"five"]
    clients = [interop.call_start(php, "do", workload=word) for word in words]
    assert [client.succeed().out for client in clients] == [word[::-1] for word in words]


def test_one_of_two_job_servers_is_killed(
    interop: InteropFixture, php: Language, start_server: StartServer
) -> None:
    """Clients and workers that know two job servers go on when the first is killed."""
    servers = [start_server(), start_server()]
    ports = ",".join(str(server.port) for server in servers)
    interop.start([*php.worker, ports, f"{interop.function}=length"])
    for server in servers:
        server.await_workers(interop.function)
    client = interop.start([*php.client, ports, "lines", interop.function])
    client.send_line(b"Hello")
    client.await_output(b"5\n")
    servers[0].process.kill()
    client.send_line(b"Hello, world")
    client.await_output(b"5\n12\n")
    outcome = interop.run([*php.client, ports, "do", interop.function], b"Hi")
    assert outcome.out == b"2"


def test_foreground_jobs_of_all_priorities(interop: InteropFixture, php: Language) -> None:
    """doHigh(), doNormal() and doLow() return the result."""
    interop.worker(php, "reverse")
    assert interop.call(php, "priorities", workload=b"abc").out == b"cba cba cba\n"


def test_background_jobs_run_by_priority(interop: InteropFixture, php: Language) -> None:
    """doBackground() and its kin return distinct handles; a worker runs them by priority."""
    handles = interop.call(php, "background", workload=b"job").lines
    assert len(set(handles)) == 3
    worker = interop.worker(php, "hold")
    for _ in handles:
        worker.send_line()
    interop.server.await_total(interop.function, 0)
    assert worker.out == b"holding high job\nholding normal job\nholding low job\n"


def test_background_tasks_run_by_priority(interop: InteropFixture, php: Language) -> None:
    """addTaskBackground() and its kin are created in order and run by priority."""
    created = interop.call(php, "tasks", workload=b"job").lines
    assert all(line.startswith("created H:") for line in created)
    assert len(set(created)) == 3
    assert interop.server.counts(interop.function) == (3, 0, 0)
    worker = interop.worker(php, "hold")
    for _ in created:
        worker.send_line()
    interop.server.await_total(interop.function, 0)
    assert worker.out == b"holding high job\nholding normal job\nholding low job\n"


def test_many_tasks_at_once(interop: InteropFixture, php: Language) -> None:
    """Two hundred tasks of one runTasks() each complete with their own result."""
    interop.worker(php, "reverse")
    pairs = sorted(line.split(" ") for line in interop.call(php, "many", "200").lines)
    assert pairs == sorted([str(n), str(n)[::-1]] for n in range(200))


def test_every_callback_is_called(interop: InteropFixture, php: Language) -> None:
    """Created, data, warning, status and complete callbacks are called in the order sent."""
    interop.worker(php, "progress")
    created, *events = interop.call(php, "events").lines
    assert created.startswith("created H:")
    assert events == ["data one", "warning careful", "status 1/2", "data two", "complete olleh"]


def test_the_exception_callback_is_called(interop: InteropFixture, php: Language) -> None:
    """The extension asks for exceptions by itself, so setExceptionCallback() gets the text."""
    worker = interop.worker(php, "exception")
    for _ in range(2):
        assert interop.call(php, "events").lines[1:] == ["exception boom"]
    assert worker.out == b""


def test_the_fail_callback_is_called(interop: InteropFixture, php: Language) -> None:
    """A failed job calls the fail callback, and the worker goes on to the next one."""
    interop.worker(php, "fail")
    for _ in range(2):
        assert interop.call(php, "events").lines[1:] == ["fail"]


def test_an_empty_result_completes(interop: InteropFixture, php: Language) -> None:
    """A worker may answer with the empty string."""
    interop.worker(php, "empty")
    assert interop.call(php, "events").lines[1:] == ["complete"]


def test_job_status_follows_a_job(interop: InteropFixture, php: Language) -> None:
    """jobStatus() shows a job queued, running with its progress, and unknown at the end."""
    handle = interop.queue("hello")
    assert interop.call(php, "status", handle).lines == ["[true,false,0,0]"]
    worker = interop.worker(php, "hold")
    worker.await_output(b"holding hello")
    assert interop.call(php, "status", handle).lines == ["[true,true,3,7]"]
    worker.send_line()
    interop.server.await_total(interop.function, 0)
    assert interop.call(php, "status", handle).lines == ["[false,false,0,0]"]


def test_job_status_by_unique_key_follows_a_job(interop: InteropFixture, php: Language) -> None:
    """jobStatusByUniqueKey() shows the same without a handle."""
    interop.queue("-u", interop.function, "hello")
    assert interop.call(php, "unique", interop.function).lines == ["[true,false,0,0]"]
    worker = interop.worker(php, "hold")
    worker.await_output(b"holding hello")
    assert interop.call(php, "unique", interop.function).lines == ["[true,true,3,7]"]
    assert interop.call(php, "unique", "no such key").lines == ["[false,false,0,0]"]


def test_ping_is_answered(interop: InteropFixture, php: Language) -> None:
    """ping() is true when the server echoes its data."""
    assert interop.call(php, "ping", workload=b"are you there?").lines == ["true"]


def test_a_large_workload_makes_the_round_trip(interop: InteropFixture, php: Language) -> None:
    """A binary workload of one mebibyte comes back reversed."""
    interop.worker(php, "reverse")
    workload = bytes(range(256)) * 4096
    assert interop.call(php, "do", workload=workload).out == workload[::-1]
