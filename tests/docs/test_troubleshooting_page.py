"""The page about troubleshooting: its commands show what its text says."""

from __future__ import annotations

from tests.docs.blocks import runs
from tests.docs.conftest import MakeReader
from tests.docs.test_operating_pages import answers
from tests.support.ports import free_port

PAGE = "docs/troubleshooting.rst"


@runs(PAGE, "idle", "store")
def test_its_commands(make_reader: MakeReader) -> None:
    """A name with a blank at its end has a row of its own; the file can be written."""
    reader = make_reader(PAGE, free_port())
    answers(reader.begin("exec twistd -n gearmand"), reader.port)
    reader.type("gearman-tx submit --background 'resize ' photo")
    status, workers = reader.run("idle")
    assert b"resize" in status.out
    assert b"no workers" in workers.err
    (store,) = reader.run("store")
    assert b"ok" in store.out
