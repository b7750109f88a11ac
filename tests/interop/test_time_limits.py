"""Time limits of the workers of other people, and their results when the time is over."""

from __future__ import annotations

import pytest

from tests.interop.conftest import ours_only
from tests.interop.interop_fixture import InteropFixture
from tests.interop.language import Language


@pytest.fixture
def language(request: pytest.FixtureRequest) -> Language:
    """Return the client and worker that a test names."""
    found: Language = request.getfixturevalue(request.param)
    return found


scripts = pytest.mark.parametrize("language", ["perl", "php"], indirect=True)
all_languages = pytest.mark.parametrize("language", ["c", "perl", "php"], indirect=True)


@scripts
def test_a_small_time_limit_leaves_a_second(interop: InteropFixture, language: Language) -> None:
    """30, as for the seconds of PHP's manual, does not end a job of 0.2 seconds."""
    worker = interop.worker(language, "nap/30")
    for _ in range(2):
        assert interop.call(language, "do").out == b"olleh"
    assert worker.running
    assert b"error" not in worker.out


@ours_only
@all_languages
def test_the_result_of_a_late_worker_is_taken(interop: InteropFixture, language: Language) -> None:
    """Its job was queued again and no other worker has it; the worker goes on to the next one."""
    worker = interop.worker(language, "hold/30")
    for count in (1, 2):
        client = interop.call_start(language, "do")
        worker.await_output(b"holding hello\n" * count)
        interop.server.await_exactly(interop.function, (1, 0, 1))
        worker.send_line()
        assert client.succeed().out == b"olleh"
    assert worker.running
    assert b"error" not in worker.out


@ours_only
@all_languages
def test_a_worker_that_is_too_late_goes_on(interop: InteropFixture, language: Language) -> None:
    """Another worker did its job; it gets no ERROR, and does the next job."""
    slow = interop.worker(language, "hold/30")
    client = interop.call_start(language, "do")
    slow.await_output(b"holding hello")
    quick = interop.worker(language, "reverse")
    assert client.succeed().out == b"olleh"
    quick.kill()
    slow.send_line()
    slow.send_line()
    assert interop.call(language, "do", workload=b"next").out == b"txen"
    assert slow.running
    assert b"error" not in slow.out
