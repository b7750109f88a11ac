"""The types of results: mypy checks what the program says, and the program runs on a stage."""

from __future__ import annotations

from typing import Any, assert_type

from twisted.internet.defer import Deferred

from gearman_tx import JSON, TEXT, Client, Task, WorkerJob
from gearman_tx.client import Batch
from gearman_tx.testing import Stage


def echo(job: WorkerJob) -> bytes:
    """Return the workload."""
    return job.workload


async def use_bytes(client: Client) -> None:
    """A client without an encoder: everything is bytes."""
    assert_type(client, Client[bytes])
    assert_type(client.submit("f", b"a"), Task[bytes])
    batch = client.submit_many("f", [b"a", b"b"])
    assert_type(batch, Batch[bytes])
    results = await batch
    assert_type(results, list[bytes])
    assert results == [b"a", b"b"]


async def use_text(client: Client[str]) -> None:
    """A client with an encoder: results, tasks and workloads are of its type."""
    results = await client.submit_many("f", ["a", "b"])
    assert_type(results, list[str])
    assert results == ["a", "b"]
    async for task in client.submit_many("f", ["a"]):
        assert_type(task, Task[str])
        assert_type(task.workload, str)
        assert_type(await task, str)
        assert await task == task.workload == "a"
    assert_type(client.submit_many("f", ["a"]).results(), Deferred[list[str]])
    # An unused ignore would be an error of mypy: it does see that the workloads are no text.
    client.submit_many("f", [b"a"])  # type: ignore[list-item]  # what is tested


async def use_json(client: Client[Any]) -> None:
    """A client for any values."""
    results = await client.submit_many("f", [{"a": 1}])
    assert_type(results, list[Any])
    assert results == [{"a": 1}]


def test_types() -> None:
    """Values have the types that mypy is told."""
    with Stage() as stage:
        worker = stage.worker()
        worker.register("f", echo)
        stage.start(worker)
        assert_type(Client("localhost", encoder=TEXT, reactor=stage.reactor), Client[str])
        stage.result(use_bytes(stage.client()))
        stage.result(use_text(stage.client(encoder=TEXT)))
        stage.result(use_json(stage.client(encoder=JSON)))
