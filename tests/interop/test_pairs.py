"""Every client with every worker: what one language sends, all the others understand.

Each test starts the worker of one language and lets the clients of all languages use it at the
same time.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.interop.conftest import ours_only
from tests.interop.interop_fixture import InteropFixture
from tests.interop.language import Language

LANGUAGES = ("c", "php", "perl", "pygearman", "gear", "npm")
WORKLOAD = bytes(range(256)) * 17

Find = Callable[[str], Language]

each_worker = pytest.mark.parametrize("worker", LANGUAGES)


@pytest.fixture
def find(request: pytest.FixtureRequest) -> Find:
    """A function from a name in ``LANGUAGES`` to the language."""

    def language(name: str) -> Language:
        found: Language = request.getfixturevalue(name)
        return found

    return language


def events(
    interop: InteropFixture, find: Find, options: dict[str, list[str]]
) -> dict[str, list[str]]:
    """Run the clients of all languages in the mode ``events`` and return what each one tells."""
    clients = {
        name: interop.call_start(find(name), "events", *options.get(name, [])) for name in LANGUAGES
    }
    told = {name: client.succeed().lines for name, client in clients.items()}
    noise = ("created", "option")
    return {
        name: [line.rstrip() for line in lines if not line.startswith(noise)]
        for name, lines in told.items()
    }


def test_every_client_uses_a_worker_of_the_command_line(
    interop: InteropFixture, find: Find
) -> None:
    """Clients of all languages get the result of a command that ``gearman -w`` runs."""
    reverse = ["perl", "-e", "local $/; print scalar reverse <STDIN>"]
    interop.start_worker(interop.gearman("-w", "--", *reverse))
    clients = [interop.call_start(find(name), "do", workload=WORKLOAD) for name in LANGUAGES]
    clients.append(interop.start(interop.gearman(), WORKLOAD))
    assert [client.succeed().out == WORKLOAD[::-1] for client in clients] == [True] * 7


@each_worker
def test_every_client_gets_the_result(interop: InteropFixture, find: Find, worker: str) -> None:
    """Clients of all languages, and ``gearman``, get a binary workload back reversed."""
    interop.worker(find(worker), "reverse")
    clients = [interop.call_start(find(name), "do", workload=WORKLOAD) for name in LANGUAGES]
    clients.append(interop.start(interop.gearman(), WORKLOAD))
    assert [client.succeed().out == WORKLOAD[::-1] for client in clients] == [True] * 7


@each_worker
def test_every_client_follows_the_progress(
    interop: InteropFixture, find: Find, worker: str
) -> None:
    """Clients of all languages see the same data, warning, status and result."""
    interop.worker(find(worker), "progress")
    sent = ["data one", "warning careful", "status 1/2", "data two", "complete olleh"]
    told = events(interop, find, {})
    assert sorted(told.pop("pygearman")) == sorted(sent)
    assert told == {name: sent for name in LANGUAGES if name != "pygearman"}


@each_worker
def test_every_client_sees_the_failure(interop: InteropFixture, find: Find, worker: str) -> None:
    """Clients of all languages see a failed job as failed."""
    interop.worker(find(worker), "fail")
    assert events(interop, find, {}) == {name: ["fail"] for name in LANGUAGES}


@ours_only
@each_worker
def test_every_client_outlives_an_exception(
    interop: InteropFixture, find: Find, worker: str
) -> None:
    """Clients with the option get the exception, others a failure; PHP always has the option.

    The C server's NUL after the handle hangs or kills most clients without the option.
    """
    process = interop.worker(find(worker), "exception")
    told = events(interop, find, {name: ["exceptions"] for name in ("c", "perl", "gear", "npm")})
    always = {"pygearman": ["fail"]}
    assert told == {name: always.get(name, ["exception boom"]) for name in LANGUAGES}
    told = events(interop, find, {})
    always = {"php": ["exception boom"]}
    assert told == {name: always.get(name, ["fail"]) for name in LANGUAGES}
    assert process.running
