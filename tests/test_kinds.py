"""Arguments of a wrong kind: each public entry says in a sentence what it takes and what it got."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from gearman_tx import Client, GearmanError, Server, Worker, aio
from gearman_tx.admin import AdminClient
from gearman_tx.blocking import GearmanAdminClient, GearmanClient, GearmanWorker
from gearman_tx.testing import Stage

SERVER = "localhost:4730"
NOT_A_LIST = "job servers are a list such as ['localhost:4730'], or text, not"
NOT_HOSTS = "host_list is a list of job servers, such as ['localhost:4730'], not"
NOT_A_SERVER = "a job server is text such as 'localhost:4730', not"
NOT_AN_ENCODER = (
    "encoder is an object with the methods encode and decode, such as gearman_tx.JSON, not"
)
NOT_A_TIME = "at is a datetime with a time zone or a number of seconds since 1970, not"
Call = Callable[..., Any]


def worker(kind: Call) -> Any:
    """Return a worker, for calls that its types forbid."""
    return kind(SERVER)


def plain(kind: Call) -> Any:
    """Return an object of python-gearman's class, for such calls."""
    return kind([SERVER])


@pytest.mark.parametrize("kind", [Client, aio.Client, Worker, aio.Worker])
@pytest.mark.parametrize(
    ("servers", "text"),
    [
        (4730, f"{NOT_A_LIST} int: 4730"),
        (None, f"{NOT_A_LIST} NoneType: None"),
        (b"localhost", f"{NOT_A_LIST} bytes: b'localhost'"),
        ([("localhost", 4730)], f"{NOT_A_SERVER} tuple: ('localhost', 4730)"),
        ([b"localhost"], f"{NOT_A_SERVER} bytes: b'localhost'"),
    ],
)
def test_servers(kind: Call, servers: object, text: str) -> None:
    """The client and the worker, of both worlds."""
    with pytest.raises(GearmanError) as caught:
        kind(servers)
    assert str(caught.value) == text


def test_one_server_is_no_list_of_servers() -> None:
    """A Server alone would otherwise be an error about iteration."""
    with pytest.raises(GearmanError, match=r"job servers are a list .*, not Server: Server\(name="):
        Client(Server(SERVER, print))  # type: ignore[arg-type]  # what is tested
    with pytest.raises(GearmanError) as caught:
        AdminClient([SERVER])  # type: ignore[arg-type]  # what is tested
    assert str(caught.value) == f"{NOT_A_SERVER} list: ['localhost:4730']"


@pytest.mark.parametrize("kind", [GearmanClient, GearmanWorker, GearmanAdminClient])
@pytest.mark.parametrize(("servers", "got"), [(SERVER, f"str: '{SERVER}'"), (4730, "int: 4730")])
def test_hosts(kind: Call, servers: object, got: str) -> None:
    """python-gearman's classes: text alone is not a list of its characters."""
    with pytest.raises(GearmanError) as caught:
        kind(servers)
    assert str(caught.value) == f"{NOT_HOSTS} {got}"


@pytest.mark.parametrize(
    ("kind", "options", "text"),
    [
        (Client, {"encoder": None}, f"{NOT_AN_ENCODER} NoneType: None"),
        (Client, {"encoder": "utf-8"}, f"{NOT_AN_ENCODER} str: 'utf-8'"),
        (aio.Client, {"encoder": 5}, f"{NOT_AN_ENCODER} int: 5"),
        (Worker, {"encoder": 5}, f"{NOT_AN_ENCODER} int: 5"),
        (aio.Worker, {"encoder": 5}, f"{NOT_AN_ENCODER} int: 5"),
        (Client, {"choice": 5}, "choice is a function, not int: 5"),
        (Client, {"accept_timeout": "5"}, "accept_timeout is a number of seconds, not str: '5'"),
        (aio.Client, {"heartbeat": "5"}, "heartbeat is a number of seconds, not str: '5'"),
        (Client, {"max_packet": 1.5}, "max_packet is a whole number, not float: 1.5"),
        (Client, {"max_unique": "64"}, "max_unique is a whole number, not str: '64'"),
        (aio.Client, {"unanswered": None}, "unanswered is a whole number, not NoneType: None"),
        (Client, {"namespace": 5}, "a name is str or bytes, not int: 5"),
        (Worker, {"concurrency": "4"}, "concurrency is a whole number, not str: '4'"),
        (aio.Worker, {"concurrency": 1.5}, "concurrency is a whole number, not float: 1.5"),
        (Worker, {"client_id": 5}, "a name is str or bytes, not int: 5"),
    ],
)
def test_settings(kind: Call, options: dict[str, Any], text: str) -> None:
    """The settings of clients and workers."""
    with pytest.raises((TypeError, GearmanError)) as caught:
        kind(SERVER, **options)
    assert str(caught.value) == text


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"at": "tomorrow", "background": True}, f"{NOT_A_TIME} str: 'tomorrow'"),
        ({"timeout": "5"}, "timeout is a number of seconds, not str: '5'"),
        ({"try_timeout": "5"}, "try_timeout is a number of seconds, not str: '5'"),
        ({"retries": 1.5}, "retries is a whole number, not float: 1.5"),
        ({"unique": 5}, "a name is str or bytes, not int: 5"),
        ({"reducer": 5}, "a name is str or bytes, not int: 5"),
        ({"priority": 1}, "priority 1 is not 'high', 'normal' or 'low'"),
    ],
)
def test_tasks(options: dict[str, Any], text: str) -> None:
    """The options of a task; nothing is submitted."""
    with Stage() as stage:
        client = stage.client()
        with pytest.raises((TypeError, GearmanError)) as caught:
            client.submit("f", b"x", **options)
        assert str(caught.value) == text
        stage.advance(5)
        assert not stage.server.jobs()


def test_workloads() -> None:
    """A text is not a list of workloads; the error does not show it."""
    with Stage() as stage:
        client = stage.client()
        for wrong, kind in ((b"abc", "bytes"), ("abc", "str"), (5, "int")):
            with pytest.raises(TypeError) as caught:
                client.submit_many("f", wrong)  # type: ignore[arg-type]  # what is tested
            text = "workloads is a list or another iterable of workloads, not"
            assert str(caught.value) == f"{text} {kind}"
        with pytest.raises(TypeError) as caught:
            client.submit_many("f", [], window="5")  # type: ignore[arg-type]  # what is tested
        assert str(caught.value) == "window is a whole number, not str: '5'"


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: worker(Worker).register("f", None), "the function of a worker is a function"),
        (lambda: worker(aio.Worker).register("f", 5), "the function of a worker is a function"),
        (lambda: worker(Worker).register(5, print), "a name is str or bytes, not int: 5"),
        (lambda: worker(Worker).register("f", print, timeout="5"), "timeout is a number of sec"),
        (lambda: plain(GearmanWorker).register_task("f", 5), "callback_function is a function"),
        (lambda: plain(GearmanClient).submit_multiple_jobs(["f"]), "a job is a dict with the"),
        (lambda: plain(GearmanClient).submit_multiple_jobs([{}]), "a job is a dict with the"),
        (
            lambda: plain(GearmanClient).submit_job("f", b"x", poll_timeout="5"),
            "poll_timeout is a number of seconds, not str: '5'",
        ),
        (lambda: GearmanClient([5]), "Expected str, tuple or dict; got 5"),
    ],
)
def test_calls(call: Call, text: str) -> None:
    """Methods of workers and of python-gearman's classes."""
    with pytest.raises((TypeError, GearmanError)) as caught:
        call()
    assert str(caught.value).startswith(text)
