"""A job server that dies and comes back on the same port, with workers that wait for it."""

from __future__ import annotations

import pytest

from tests.interop.conftest import StartServer
from tests.interop.interop_fixture import InteropFixture
from tests.interop.language import Language
from tests.interop.peer_process import PeerRunner


@pytest.mark.parametrize("name", ["c", "php", "gear"])
def test_workers_come_back_to_a_restarted_server(
    request: pytest.FixtureRequest, start_server: StartServer, peers: PeerRunner, name: str
) -> None:
    """A worker whose server was killed registers with the next one on that port and works."""
    language: Language = request.getfixturevalue(name)
    first = InteropFixture(start_server(), peers, "reverse")
    worker = first.worker(language, "reverse")
    assert first.call(language, "do").out == b"olleh"
    first.server.process.kill()
    second = InteropFixture(start_server(port=first.server.port), peers, "reverse")
    second.server.await_workers("reverse")
    assert second.call(language, "do").out == b"olleh"
    assert worker.running
