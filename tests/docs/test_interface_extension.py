"""What the reference shows of a signature and of a docstring, and what it leaves out."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest

from gearman_tx import Client, JobFailed, Server, Task
from gearman_tx.admin import AdminClient
from gearman_tx.client import Choice
from gearman_tx.link import LinkLimits
from gearman_tx.store import Store
from tests.docs.blocks import DOCS

NOBODY: Any = None  # Sphinx and its options, which are not looked at


@pytest.fixture
def extension(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The extension, found where Sphinx finds it."""
    pytest.importorskip("sphinx", reason="needs the extra docs")
    monkeypatch.syspath_prepend(str(DOCS / "_ext"))
    return import_module("python_interface")


@pytest.mark.parametrize(
    ("kind", "name", "thing", "signature", "shown"),
    [
        ("class", "gearman_tx.Task", Task, "(submission)", ""),
        ("class", "gearman_tx.client.Choice", Choice, "(*args, **kwargs)", ""),
        ("exception", "gearman_tx.JobFailed", JobFailed, "(function, handle)", ""),
        ("class", "gearman_tx.Client", Client, "(encoder=BYTES)", "(encoder=BYTES)"),
        (
            "class",
            "gearman_tx.link.LinkLimits",
            LinkLimits,
            "(heartbeat: float = attr_dict['heartbeat'].default, output = NOTHING)",
            "(heartbeat: float = 15.0, output = ...)",
        ),
        (
            "class",
            "gearman_tx.admin.AdminClient",
            AdminClient,
            "(timeout: float = DEFAULT_TIMEOUT)",
            "(timeout: float = 10.0)",
        ),
        (
            "method",
            "gearman_tx.store.Store.commit",
            Store.commit,
            "(batch: Batch)",
            "(batch: gearman_tx.core.Batch)",
        ),
        (
            "class",
            "gearman_tx.Server",
            Server,
            "(make: Callable[[Any], <InterfaceClass twisted.a.IEndpoint>])",
            "(make: Callable[[Any], twisted.a.IEndpoint])",
        ),
    ],
)
def test_signatures(  # a case is as long as what Sphinx calls with
    extension: Any, kind: str, name: str, thing: object, signature: str, shown: str
) -> None:
    """Constructors that no program calls are left out; defaults and types can be read."""
    found = extension.shown_signature(NOBODY, kind, name, thing, NOBODY, signature, None)
    assert found == (shown, None)


def test_what_is_awaited(extension: Any) -> None:
    """A generator of ``inlineCallbacks`` is a Deferred to its caller; all else is what it is."""
    written = (
        "~collections.abc.Generator[~twisted.internet.defer.Deferred[~typing.Any], "
        "~typing.Any, list[int]]"
    )
    shown = {written: "~twisted.internet.defer.Deferred[list[int]]", "list[int]": "list[int]"}
    for returns, wanted in shown.items():
        found = extension.shown_signature(NOBODY, "method", "f", len, NOBODY, "()", returns)
        assert found == ("()", wanted)


def test_docstrings(extension: Any) -> None:
    """Errors become links, once; arguments of a hidden constructor go, and attributes stay."""
    lines = [
        "Fails with NoServer, or with :class:`TimedOut`.",
        "",
        ":param submission: what it is made of,",
        "    in two lines.",
        ":raises ConfigurationError: never.",
        ".. attribute:: function",
    ]
    extension.shown_docstring(NOBODY, "class", "gearman_tx.Task", Task, NOBODY, lines)
    assert lines == [
        "Fails with :class:`NoServer`, or with :class:`TimedOut`.",
        "",
        ":raises ConfigurationError: never.",
        ".. attribute:: function",
    ]
