"""The pure rooms need no Twisted, and the package offers all its names all the same."""

from __future__ import annotations

import subprocess
import sys

import pytest

import gearman_tx

HIDING = """
import sys

class Hiding:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"twisted", "zope"}:
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Hiding())
"""
"""A program that begins with this finds no Twisted."""


def run(program: str) -> str:
    """Return what ``program`` prints in a new interpreter, on both streams."""
    found = subprocess.run(
        [sys.executable, "-c", program],
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
    )
    return found.stdout


@pytest.mark.parametrize("room", ["gearman_tx", "gearman_tx.core", "gearman_tx.wire"])
def test_pure_rooms_need_no_twisted(room: str) -> None:
    """The package, the queues and the protocol are imported where Twisted is not installed."""
    assert run(f"{HIDING}\nimport {room}\nprint({room}.__name__)") == f"{room}\n"


def test_twisted_is_imported_with_the_first_name_that_needs_it() -> None:
    """``import gearman_tx`` alone imports no Twisted; ``gearman_tx.Client`` does."""
    program = "import gearman_tx, sys; print('twisted' in sys.modules); gearman_tx.Client; "
    assert run(program + "print('twisted' in sys.modules)") == "False\nTrue\n"


def test_without_twisted_the_error_names_it() -> None:
    """A name that needs Twisted fails with the import error, not with an attribute error."""
    assert run(f"{HIDING}\nimport gearman_tx\ngearman_tx.Client").endswith(
        "ModuleNotFoundError: twisted\n"
    )


def test_every_public_name_is_there() -> None:
    """``__all__`` is what ``from gearman_tx import *`` gives, and ``dir()`` lists it."""
    program = "from gearman_tx import *; import gearman_tx; "
    assert run(program + "print({*gearman_tx.__all__} <= {*globals()})") == "True\n"
    assert run("import gearman_tx; print({*gearman_tx.__all__} <= {*dir(gearman_tx)})") == "True\n"
    assert gearman_tx.Client.__module__.startswith("gearman_tx.client")


def test_rooms_are_attributes() -> None:
    """``gearman_tx.client`` and its like need no import of their own."""
    program = "import gearman_tx; print(gearman_tx.client.Client is gearman_tx.Client)"
    assert run(program) == "True\n"
    assert run("import gearman_tx; print(gearman_tx.worker.__name__)") == "gearman_tx.worker\n"


def test_other_names_are_missing() -> None:
    """A name that is not offered is an attribute error, as in any module."""
    with pytest.raises(AttributeError, match="module 'gearman_tx' has no attribute 'Klient'"):
        gearman_tx.Klient  # type: ignore[attr-defined]  # noqa: B018  # its absence is the test
