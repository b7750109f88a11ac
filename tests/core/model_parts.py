"""A connection and a job in the model of the job server."""

from __future__ import annotations

from attrs import define, field

Refusal = tuple[bytes, bytes]
Answer = bytes | Refusal | None
"""The answer to a submission: a handle, an error's code and text, or nothing yet."""


@define(eq=False)
class ModelPeer:
    """A connection: its functions, in the order of their turns, and the packets sent to it."""

    turns: list[bytes] = field(factory=list)
    timeouts: dict[bytes, float] = field(factory=dict)
    exceptions: bool = False
    asleep: bool = False
    holds: list[ModelJob] = field(factory=list)
    forgiven: set[bytes] = field(factory=set)
    answers: list[Answer] = field(factory=list)
    heard: list[tuple[bytes, ...]] = field(factory=list)


@define(eq=False)
class ModelJob:
    """A job; ``place`` grows with each time that it is queued or given a time.

    ``late`` is the worker whose time for it was over, until another try begins.
    """

    handle: bytes
    function: bytes
    unique: bytes
    workload: bytes
    priority: int
    background: bool
    reducer: bytes | None
    due: float
    state: str = "committing"
    place: int = 0
    retries: int = 0
    progress: tuple[int, int] = (0, 0)
    deadline: float | None = None
    worker: ModelPeer | None = None
    late: ModelPeer | None = None
    clients: list[ModelPeer] = field(factory=list)
    waiting: list[tuple[ModelPeer, int]] | None = None
