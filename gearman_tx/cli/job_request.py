"""One job that ``gearman-tx submit`` submits, and the JSON object that describes one."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, Final

import click
from attrs import evolve, field, frozen

from gearman_tx.cli.errors import CommandError, ExitStatus
from gearman_tx.cli.parameters import WHEN
from gearman_tx.core import PRIORITY_NAMES
from gearman_tx.values.redaction import size_of

if TYPE_CHECKING:
    from gearman_tx.client import Client, Task
    from gearman_tx.client.preparation import Priority

_KEYS: Final = ("function", "workload", "unique", "priority", "at")


@frozen
class JobRequest:
    """A job to submit.

    Attributes:
        function: the function; empty if each job names its own.
        workload: the workload.
        background: whether to print the handle and wait for no result.
        priority: ``high``, ``normal`` or ``low``.
        unique: the unique; jobs with the same one are coalesced.
        at: seconds since 1970 before which the job is not run, or None.
        retries: how often to try again.
        timeout: seconds that the job may take, or None.
    """

    function: str
    workload: bytes = field(repr=size_of)
    background: bool
    priority: Priority
    unique: str
    at: float | None
    retries: int
    timeout: float | None

    def check(self) -> None:
        """Check what does not go together.

        Raises:
            ValueError: it cannot be submitted; the text says why.
        """
        if not self.function:
            raise ValueError("name the function: as an argument, or in each JSON object")
        if self.at is not None and self.priority != "normal":
            raise ValueError("Gearman has no priority for a job with a time")

    def submit(self, client: Client) -> Task[bytes]:
        """Submit the job; its updates are kept until they are printed."""
        task = client.submit(
            self.function,
            self.workload,
            unique=self.unique,
            priority=self.priority,
            background=self.background or self.at is not None,
            at=self.at,
            retries=self.retries,
            timeout=self.timeout,
        )
        aiter(task)
        return task


async def requests_of_lines(
    lines: AsyncIterator[bytes], like: JobRequest
) -> AsyncIterator[JobRequest]:
    """Yield a job for each line, which is its workload."""
    async for line in lines:
        yield evolve(like, workload=line)


async def requests_of_json(
    lines: AsyncIterator[bytes], like: JobRequest
) -> AsyncIterator[JobRequest]:
    """Yield a job for each line with a JSON object; blank lines are skipped.

    Args:
        lines: the lines.
        like: has what an object does not say.

    Raises:
        CommandError: a line describes no job; the message has its number.
    """
    number = 0
    async for line in lines:
        number += 1
        if not line.strip():
            continue
        try:
            request = _of_json(json.loads(line), like)
            request.check()
        except (ValueError, click.BadParameter) as error:
            text = error.message if isinstance(error, click.BadParameter) else str(error)
            raise CommandError(f"line {number}: {text}", ExitStatus.USAGE) from error
        yield request


def _of_json(found: Any, like: JobRequest) -> JobRequest:
    """Return the job that a JSON object describes.

    Raises:
        ValueError: a key or a value is wrong.
        click.BadParameter: the time is wrong.
    """
    if problem := _problem(found):
        raise ValueError(problem)
    if "workload" in found:
        found["workload"] = _workload(found["workload"])
    if "at" in found:
        found["at"] = WHEN.convert(found["at"], None, None)
    return evolve(like, **found)


def _problem(found: Any) -> str | None:
    """Return why a value in JSON is no job, apart from its workload and time."""
    if not isinstance(found, dict):
        return f"a job is a JSON object with {', '.join(_KEYS)}"
    for key, value in found.items():
        if key not in _KEYS:
            return f"there is no key {key!r}; a job has {', '.join(_KEYS)}"
        if key in {"function", "unique"} and not isinstance(value, str):
            return f"{key} is not a text: {value!r}"
    if found.get("priority", "normal") not in PRIORITY_NAMES:
        return f"priority is {found['priority']!r}: write high, normal or low"
    return None


def _workload(value: object) -> bytes:
    """Return a workload: a text, or an object with a text in base64."""
    match value:
        case str():
            return value.encode()
        case {"base64": str(text), **others} if not others:
            try:
                return base64.b64decode(text, validate=True)
            except binascii.Error as error:
                raise ValueError(f"the workload is not base64: {error}") from error
    raise ValueError('workload is neither a text nor {"base64": "..."}')
