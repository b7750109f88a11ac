"""Submitting: the packets, the server's answers, invalid arguments."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from gearman_tx.client import Task, submit_packet
from gearman_tx.client import client as client_module
from gearman_tx.encoders import JSON, TEXT
from gearman_tx.errors import JobException, JobFailed, LocalProtocolError, Refused, TooLarge
from gearman_tx.wire import PacketType
from tests.client.client_case import ClientCase


class SubmitTests(ClientCase):
    """One task, one server that answers."""

    def test_the_first_use_connects(self) -> None:
        """Nothing is tried before the first submission, which is sent after the greeting."""
        client = self.make_client()
        assert not self.fakes[0].is_tried
        client.submit("resize", b"image")
        peer = self.fakes[0].take()
        assert peer.read_types() == ["OPTION_REQ"]
        peer.send(PacketType.OPTION_RES, b"exceptions")
        assert peer.read() == [(PacketType.SUBMIT_JOB, (b"resize", b"", b"image"))]

    def test_a_server_that_knows_no_options_is_used(self) -> None:
        """ERROR is an answer to the greeting too."""
        client = self.make_client()
        task = client.submit("f", b"x")
        peer = self.fakes[0].take()
        peer.send(PacketType.ERROR, b"unknown_option", b"never heard of it")
        peer.read()
        peer.create(b"H:1")
        assert self.successResultOf(task.accepted) == b"H:1"

    def test_handle_and_result(self) -> None:
        """JOB_CREATED fires ``accepted`` and WORK_COMPLETE fires ``result``."""
        client, peer = self.connected()
        task = client.submit("f", b"x")
        accepted, result = task.accepted, task.result
        assert (task.handle, task.server, task.is_done) == (None, None, False)
        peer.create(b"H:1")
        assert self.successResultOf(accepted) == b"H:1"
        assert (task.handle, task.server, task.is_done) == (b"H:1", "s0", False)
        peer.send(PacketType.WORK_COMPLETE, b"H:1", b"done\0twice")
        assert self.successResultOf(result) == b"done\0twice"
        assert task.is_done

    def test_deferreds_asked_for_late_have_fired(self) -> None:
        """Each access of ``accepted`` or ``result`` gives a new Deferred."""
        client, peer = self.connected()
        task = self.submitted(client, peer, b"H:1")
        peer.send(PacketType.WORK_COMPLETE, b"H:1", b"done")
        assert [self.successResultOf(task.accepted) for _ in range(2)] == [b"H:1"] * 2
        assert [self.successResultOf(task.result) for _ in range(2)] == [b"done"] * 2

    def test_awaiting_a_task_gives_the_result(self) -> None:
        """``await task`` is ``await task.result``."""
        client, peer = self.connected()
        task = self.submitted(client, peer, b"H:1")

        async def wait() -> bytes:
            result: bytes = await task
            return result

        waiting = Deferred.fromCoroutine(wait())
        peer.send(PacketType.WORK_COMPLETE, b"H:1", b"done")
        assert self.successResultOf(waiting) == b"done"

    def test_an_empty_result_without_a_separator(self) -> None:
        """A WORK_COMPLETE that is only a handle is an empty result."""
        client, peer = self.connected()
        task = self.submitted(client, peer, b"H:1")
        peer.send_bytes(b"\0RES\0\0\0\x0d\0\0\0\x03H:1")
        assert self.successResultOf(task.result) == b""

    def test_failure(self) -> None:
        """WORK_FAIL fails ``result`` with JobFailed, also with a NUL behind the handle."""
        client, peer = self.connected()
        for handle in (b"H:1", b"H:1\0"):
            task = self.submitted(client, peer, b"H:1")
            peer.send(PacketType.WORK_FAIL, handle)
            error = self.failure_of(task.result, JobFailed)
            assert str(error) == "job H:1 of f failed"
            assert (error.function, error.handle) == (b"f", b"H:1")

    def test_exception(self) -> None:
        """WORK_EXCEPTION fails ``result`` with the worker's data; later packets are ignored."""
        client, peer = self.connected()
        task = self.submitted(client, peer, b"H:1")
        peer.send(PacketType.WORK_EXCEPTION, b"H:1", b"boom")
        peer.send(PacketType.WORK_FAIL, b"H:1")
        error = self.failure_of(task.result, JobException)
        assert (error.data, error.text) == (b"boom", "boom")
        assert str(error) == "job H:1 of f failed: boom"
        assert issubclass(JobException, JobFailed)

    def test_refusal(self) -> None:
        """ERROR fails both Deferreds with the server's code and text."""
        client, peer = self.connected()
        task = client.submit("f", b"x")
        accepted, result = task.accepted, task.result
        peer.send(PacketType.ERROR, b"QUEUE_ERROR", b"Job queue is full")
        for waiting in (accepted, result, task.accepted):
            error = self.failure_of(waiting, Refused)
            assert (error.code, error.text) == (b"QUEUE_ERROR", b"Job queue is full")

    def test_answers_belong_to_submissions_by_order(self) -> None:
        """The second of three is refused, and it is the second task that fails."""
        client, peer = self.connected()
        tasks = [client.submit("f", b"%d" % number) for number in range(3)]
        peer.create(b"H:1")
        peer.send(PacketType.ERROR, b"QUEUE_ERROR", b"")
        peer.create(b"H:3")
        assert [task.handle for task in tasks] == [b"H:1", None, b"H:3"]
        self.failure_of(tasks[1].result, Refused)

    def test_a_background_task_is_done_when_accepted(self) -> None:
        """The result of a background task is its handle."""
        client, peer = self.connected()
        task = client.submit("f", b"x", background=True)
        result = task.result
        assert peer.read_types() == ["SUBMIT_JOB_BG"]
        peer.create(b"H:1")
        assert self.successResultOf(result) == b"H:1"
        assert task.is_background
        assert task.is_done

    def test_each_kind_of_submission_has_its_packet(self) -> None:
        """Priority, background, time and reducer decide the packet."""
        client, peer = self.connected()
        kinds: dict[str, dict[str, Any]] = {
            "SUBMIT_JOB": {},
            "SUBMIT_JOB_HIGH": {"priority": "high"},
            "SUBMIT_JOB_LOW": {"priority": "low"},
            "SUBMIT_JOB_BG": {"background": True},
            "SUBMIT_JOB_HIGH_BG": {"background": True, "priority": "high"},
            "SUBMIT_JOB_LOW_BG": {"background": True, "priority": "low"},
            "SUBMIT_JOB_EPOCH": {"background": True, "at": 2_000_000},
            "SUBMIT_REDUCE_JOB": {"reducer": "sum"},
            "SUBMIT_REDUCE_JOB_BACKGROUND": {"reducer": "sum", "background": True},
        }
        for name, options in kinds.items():
            client.submit("f", b"x", **options)
            assert peer.read_types() == [name]

    def test_a_time_is_sent_in_whole_seconds_and_never_early(self) -> None:
        """Fractions of a second are rounded up; a datetime is brought to 1970."""
        client, peer = self.connected()
        for at, epoch in (
            (12.1, b"13"),
            (12, b"12"),
            (datetime(2026, 1, 1, tzinfo=UTC), b"1767225600"),
        ):
            client.submit("f", b"x", background=True, at=at)
            ((_, arguments),) = peer.read()
            assert arguments == (b"f", b"", epoch, b"x")

    def test_a_reducer_leaves_one_field_empty(self) -> None:
        """SUBMIT_REDUCE_JOB has an unused field."""
        client, peer = self.connected()
        client.submit("f", b"x", unique="u", reducer="sum")
        ((_, arguments),) = peer.read()
        assert arguments == (b"f", b"u", b"sum", b"", b"x")

    def test_the_namespace_is_put_in_front_of_functions(self) -> None:
        """Function and reducer are sent with it; the task keeps the caller's name."""
        client, peer = self.connected(namespace="blog:")
        task = client.submit("f", b"x", reducer="sum")
        ((_, arguments),) = peer.read()
        assert arguments[:3] == (b"blog:f", b"", b"blog:sum")
        assert task.function == b"f"

    def test_an_encoder_serves_workload_and_result(self) -> None:
        """With the JSON encoder, workloads and results are values."""
        client, peer = self.connected(encoder=JSON)
        task: Task[Any] = client.submit("f", {"a": [1, "é"]})  # type: ignore[arg-type]  # JSON
        ((_, arguments),) = peer.read()
        assert arguments[-1] == '{"a":[1,"é"]}'.encode()
        peer.create(b"H:1")
        peer.send(PacketType.WORK_COMPLETE, b"H:1", b"[1,null]")
        assert self.successResultOf(task.result) == [1, None]

    def test_a_result_that_cannot_be_decoded_fails_the_task(self) -> None:
        """``result`` fails with the encoder's exception."""
        client, peer = self.connected(encoder=TEXT)
        task = client.submit("f", "x")  # type: ignore[arg-type]  # this client's workloads are str
        peer.create(b"H:1")
        peer.send(PacketType.WORK_COMPLETE, b"H:1", b"\xff")
        self.failure_of(task.result, UnicodeDecodeError)

    def test_what_cannot_be_encoded_is_raised_at_once(self) -> None:
        """The bytes encoder takes no text."""
        client, peer = self.connected()
        with self.assertRaisesRegex(TypeError, "a workload is bytes, not str"):
            client.submit("f", "text")  # type: ignore[arg-type]  # the error under test
        assert peer.read() == []

    def test_what_gearman_cannot_say_is_raised_at_once(self) -> None:
        """Names with NUL bytes, long uniques, foreground tasks for later and the like."""
        client, _peer = self.connected()
        wrong: list[tuple[dict[str, Any], str]] = [
            ({"function": "f\0"}, "NUL"),
            ({"unique": b"u\0"}, "NUL"),
            ({"unique": "u" * 65}, "65 bytes is over the limit of 64"),
            ({"priority": "urgent"}, "'urgent' is not"),
            ({"at": 1}, "background"),
            ({"at": 1, "background": True, "reducer": "r"}, "without a reducer"),
            ({"at": 1, "background": True, "priority": "high"}, "no high priority"),
            ({"reducer": "r", "priority": "low"}, "no low priority"),
            ({"at": -1, "background": True}, "outside 0"),
            ({"at": datetime(2026, 1, 1), "background": True}, "no time zone"),  # noqa: DTZ001
        ]
        for options, text in wrong:
            with self.assertRaisesRegex(LocalProtocolError, text):
                client.submit(**{"function": "f", "workload": b"x"} | options)
        with self.assertRaisesRegex(TypeError, "str or bytes, not int"):
            client.submit(7, b"x")  # type: ignore[arg-type]  # the error under test

    def test_a_longer_unique(self) -> None:
        """``max_unique`` allows it, for job servers that take it."""
        client, peer = self.connected(max_unique=100)
        client.submit("f", b"x", unique="u" * 100)
        assert peer.read() == [(PacketType.SUBMIT_JOB, (b"f", b"u" * 100, b"x"))]
        with self.assertRaisesRegex(LocalProtocolError, "101 bytes is over the limit of 100, max_"):
            client.submit("f", b"x", unique="u" * 101)

    def test_a_packet_that_is_too_large_is_not_sent(self) -> None:
        """Of any kind; the error names size, limit and both settings, and no workload."""
        client, peer = self.connected(max_packet=100)
        kinds: list[tuple[dict[str, Any], int]] = [
            ({}, 3),
            ({"background": True, "unique": "key"}, 6),
            ({"background": True, "at": 1}, 5),
            ({"reducer": "r"}, 6),
        ]
        for options, rest in kinds:
            client.submit("f", bytes(100 - rest), **options)
            assert len(peer.read()) == 1
            with pytest.raises(TooLarge) as caught:
                client.submit("f", b"w" * (101 - rest), **options)
            error = caught.value
            assert (error.size, error.limit, error.setting) == (101, 100, "max_packet")
            assert str(error) == (
                "a packet of 101 bytes is over the limit of 100: "
                "raise max_packet here, and --max-packet of the job server"
            )
            assert "ww" not in repr(error)
            assert peer.read() == []

    def test_an_echo_that_is_too_large_is_not_sent(self) -> None:
        """As a submission."""
        client, peer = self.connected(max_packet=100)
        with pytest.raises(TooLarge):
            client.echo(bytes(101))
        assert peer.read() == []
        client.echo(b"x" * 100)
        assert peer.read() == [(PacketType.ECHO_REQ, (b"x" * 100,))]

    def test_no_setting_lifts_the_limit_of_the_header(self) -> None:
        """It has four bytes for the size."""
        SynchronousTestCase.patch(self, client_module, "LARGEST_SIZE", 10)
        client, _peer = self.connected(max_packet=2**40)
        with pytest.raises(TooLarge):
            client.echo(bytes(11))

    def test_a_server_with_a_lower_limit_refuses(self) -> None:
        """With an ERROR in its place; the other tasks go on."""
        client, peer = self.connected()
        first, large = client.submit("f", b"first"), client.submit("f", b"large")
        peer.send(PacketType.JOB_CREATED, b"H:1")
        peer.send(PacketType.ERROR, b"ARGUMENT_TOO_LARGE", b"A packet of 9 bytes ...")
        peer.send(PacketType.WORK_COMPLETE, b"H:1", b"done")
        assert self.failure_of(large.result, Refused).code == b"ARGUMENT_TOO_LARGE"
        assert self.successResultOf(first.result) == b"done"

    def test_a_result_that_is_too_large_fails_its_task_alone(self) -> None:
        """Whatever part of it; the server is not lost, and the other tasks go on."""
        client, peer = self.connected(max_packet=100)
        kinds = ("WORK_COMPLETE", "WORK_DATA", "WORK_WARNING", "WORK_EXCEPTION")
        for kind in kinds:
            large, other = client.submit("f", b"x", retries=3), client.submit("f", b"y")
            peer.create(b"H:1", b"H:2")
            peer.read()
            peer.send(PacketType[kind], b"H:1", bytes(97))
            error = self.failure_of(large.result, TooLarge)
            assert (error.size, error.limit, error.setting) == (101, 100, "max_packet")
            peer.send(PacketType[kind], b"H:1", bytes(97))
            peer.send(PacketType.WORK_COMPLETE, b"H:1", b"late")
            peer.send(PacketType.WORK_COMPLETE, b"H:2", b"done")
            assert self.successResultOf(other.result) == b"done"
            assert not peer.transport.disconnecting
            assert peer.read() == []

    def test_a_result_that_is_too_large_fails_all_that_share_its_job(self) -> None:
        """One of them was cancelled."""
        client, peer = self.connected(max_packet=100)
        first, gone, last = (client.submit("f", b"x", unique="u") for _ in range(3))
        peer.create(b"H:1", b"H:1", b"H:1")
        gone.cancel()
        peer.send(PacketType.WORK_COMPLETE, b"H:1", bytes(97))
        for task in (first, last):
            self.failure_of(task.result, TooLarge)

    def test_the_names_that_are_kept_are_bounded(self) -> None:
        """Any number of function names can be submitted; few are kept."""
        client, peer = self.connected(namespace=b"n.")
        SynchronousTestCase.patch(self, submit_packet, "NAMES_KEPT", 2)
        for name in ("a", b"a", "b", "c", "a"):
            client.submit(name, b"x")
        assert [arguments[0] for _, arguments in peer.read()] == [
            b"n.a",
            b"n.a",
            b"n.b",
            b"n.c",
            b"n.a",
        ]

    def test_a_failure_that_no_caller_asked_for_is_logged(self) -> None:
        """A failed task is logged if no Deferred was asked for; others are not."""
        client, peer = self.connected()

        def ignored() -> None:
            client.submit("lonely", b"x")
            peer.send(PacketType.ERROR, b"QUEUE_ERROR", b"full")

        def seen() -> None:
            task = client.submit("watched", b"x")
            accepted = task.accepted
            peer.send(PacketType.ERROR, b"QUEUE_ERROR", b"full")
            self.failure_of(accepted, Refused)

        assert self.warnings(ignored) == [
            "a task of lonely failed and no caller asked for its result: QUEUE_ERROR: full"
        ]
        assert self.warnings(seen) == []

    def test_a_task_says_what_it_is(self) -> None:
        """The repr has the function, the handle and the state; the workload is kept."""
        client, peer = self.connected()
        task = client.submit("f", b"x", unique="u")
        assert repr(task) == "<Task f waiting>"
        peer.create(b"H:1")
        assert repr(task) == "<Task f H:1 accepted>"
        peer.send(PacketType.WORK_COMPLETE, b"H:1", b"")
        assert repr(task) == "<Task f H:1 done>"
        assert (task.workload, task.unique) == (b"x", b"u")
