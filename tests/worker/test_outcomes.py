"""The packets about a job: data, warnings, progress and the end."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred, fail, succeed

from gearman_tx.encoders import JSON, TEXT
from gearman_tx.errors import JobException, JobFailed, TooLarge
from gearman_tx.link import LinkLimits, OutputLimits
from gearman_tx.wire import PacketType
from gearman_tx.worker import WorkerJob
from tests.worker.worker_case import WorkerCase

SMALL = LinkLimits(packet=1000, heartbeat=0)
TOO_LARGE = (
    b"TooLarge: a packet of %d bytes is over the limit of 1000: "
    b"raise link_limits.packet here, and --max-packet of the job server"
)


def failing(error: BaseException) -> Any:
    """Return a function that raises ``error``."""

    def call(_job: WorkerJob) -> None:
        raise error

    return call


class ResultTests(WorkerCase):
    """Functions that return something."""

    def test_what_is_returned_is_the_result(self) -> None:
        """At once, by a Deferred, or by a coroutine; None is no bytes."""

        async def asynchronous(_job: WorkerJob) -> bytes:
            return await succeed(b"x")

        for call in (lambda _: b"x", lambda _: succeed(b"x"), asynchronous):
            assert self.packets_of(call) == [(PacketType.WORK_COMPLETE, (b"H:1", b"x"))]
        nothing = self.packets_of(lambda _: None)
        assert nothing == [(PacketType.WORK_COMPLETE, (b"H:1", b""))]

    def test_encoders_stand_at_both_ends(self) -> None:
        """``job.data`` is decoded, the result is encoded."""
        packets = self.packets_of(lambda job: job.data["a"], b'{"a": [1]}', encoder=JSON)
        assert packets == [(PacketType.WORK_COMPLETE, (b"H:1", b"[1]"))]

    def test_packets_about_a_job_go_out_in_order(self) -> None:
        """Data, a warning and progress, then the result."""

        def call(job: WorkerJob) -> bytes:
            job.send_data(b"d")
            job.send_warning(b"w")
            job.send_status(1, 2)
            return b"r"

        assert self.packets_of(call) == [
            (PacketType.WORK_DATA, (b"H:1", b"d")),
            (PacketType.WORK_WARNING, (b"H:1", b"w")),
            (PacketType.WORK_STATUS, (b"H:1", b"1", b"2")),
            (PacketType.WORK_COMPLETE, (b"H:1", b"r")),
        ]

    def test_nothing_is_said_about_a_job_that_is_over(self) -> None:
        """A function cannot send anything about a job after its end."""
        _, held, peer = self.held()
        self.assign(peer, b"H:1")
        held.ends[0].callback(b"done")
        peer.read()
        self.successResultOf(held.jobs[0].send_data(b"more"))
        assert peer.read() == []


class FailureTests(WorkerCase):
    """Functions that do not return."""

    def check_exception(self, text: bytes, kind: type[Exception], call: Any, **options: Any) -> Any:
        """Check that ``call`` ends in WORK_EXCEPTION with ``text``, and in the log."""
        packets = self.packets_of(call, **options)
        assert packets == [(PacketType.WORK_EXCEPTION, (b"H:1", text))]
        assert self.logged_errors(kind) == 1

    def test_fail_is_work_fail(self) -> None:
        """It is not logged: the function fails on purpose."""
        packets = self.packets_of(lambda job: job.fail())
        assert packets == [(PacketType.WORK_FAIL, (b"H:1",))]

    def test_fail_with_data_is_work_exception(self) -> None:
        """The data goes out as it is; clients without exceptions get it as a warning."""
        packets = self.packets_of(lambda job: job.fail(b"\xffwhy"))
        assert packets == [(PacketType.WORK_EXCEPTION, (b"H:1", b"\xffwhy"))]
        packets = self.packets_of(lambda job: job.fail(b"why"), exceptions=False)
        assert packets == [
            (PacketType.WORK_WARNING, (b"H:1", b"why")),
            (PacketType.WORK_FAIL, (b"H:1",)),
        ]

    def test_an_exception_is_told_in_words(self) -> None:
        """The name and text of the exception, in UTF-8."""
        self.check_exception(
            "ValueError: zu groß".encode(), ValueError, failing(ValueError("zu groß"))
        )
        self.check_exception(b"KeyError", KeyError, failing(KeyError()))
        failed = lambda _: fail(OSError("no disk"))  # noqa: E731  # one line says it
        self.check_exception(b"OSError: no disk", OSError, failed)

    def test_an_exception_that_cannot_speak_is_told_all_the_same(self) -> None:
        """A broken ``__str__`` does not keep the job from ending."""

        class Mute(Exception):
            def __str__(self) -> str:
                raise ZeroDivisionError

        (packet,) = self.packets_of(failing(Mute()))
        assert packet[0] is PacketType.WORK_EXCEPTION
        assert packet[1][1].startswith(b"Mute: ")
        self.logged_errors(Mute)

    def test_a_long_text_is_cut(self) -> None:
        """The text is cut off after 64 KiB."""
        (packet,) = self.packets_of(failing(ValueError("x" * 1_000_000)))
        assert len(packet[1][1]) == 64 * 1024
        self.logged_errors(ValueError)

    def test_the_failure_of_another_job_is_an_exception(self) -> None:
        """A function that awaits another task fails with an exception when that task fails."""
        error = JobException(b"g", b"H:2", b"boom")
        text = b"JobException: job H:2 of g failed: boom"
        self.check_exception(text, JobException, failing(error))
        self.check_exception(
            b"JobFailed: job H:2 of g failed", JobFailed, failing(JobFailed(b"g", b"H:2"))
        )

    def test_without_exceptions_there_is_a_warning_and_a_failure(self) -> None:
        """What every client understands."""
        packets = self.packets_of(failing(ValueError("no")), exceptions=False)
        assert packets == [
            (PacketType.WORK_WARNING, (b"H:1", b"ValueError: no")),
            (PacketType.WORK_FAIL, (b"H:1",)),
        ]
        self.logged_errors(ValueError)

    def test_encoders_that_fail_fail_the_job(self) -> None:
        """A workload that cannot be decoded, a result that cannot be encoded."""
        (packet,) = self.packets_of(lambda job: job.data, b"\xff", encoder=TEXT)
        assert packet[1][1].startswith(b"UnicodeDecodeError: ")
        self.logged_errors(UnicodeDecodeError)
        text = b"TypeError: a workload is bytes, not int; an encoder takes other values"
        self.check_exception(text, TypeError, lambda _: 5)

    def test_a_result_that_is_too_large_fails_the_job(self) -> None:
        """The client is told why, and the worker goes on: the handle and a NUL count too."""
        fits = b"x" * (1000 - len(b"H:1") - 1)
        (packet,) = self.packets_of(lambda _: fits, link_limits=SMALL)
        assert packet == (PacketType.WORK_COMPLETE, (b"H:1", fits))
        text = TOO_LARGE % 1001
        self.check_exception(text, TooLarge, lambda _: fits + b"x", link_limits=SMALL)

    def test_a_part_of_a_result_that_is_too_large_is_an_error_of_the_function(self) -> None:
        """Data and warnings; the function may catch it."""
        for send in ("send_data", "send_warning"):
            (packet,) = self.packets_of(
                lambda job, send=send: getattr(job, send)(bytes(1001)), link_limits=SMALL
            )
            assert packet == (PacketType.WORK_EXCEPTION, (b"H:1", TOO_LARGE % 1005))
            self.logged_errors(TooLarge)

    def test_an_exception_that_is_too_large_is_replaced(self) -> None:
        """By the reason, with both kinds of packets."""
        packets = self.packets_of(lambda job: job.fail(bytes(1001)), link_limits=SMALL)
        assert packets == [(PacketType.WORK_EXCEPTION, (b"H:1", TOO_LARGE % 1005))]
        packets = self.packets_of(
            lambda job: job.fail(bytes(1001)), link_limits=SMALL, exceptions=False
        )
        assert packets == [
            (PacketType.WORK_WARNING, (b"H:1", TOO_LARGE % 1005)),
            (PacketType.WORK_FAIL, (b"H:1",)),
        ]

    def test_a_job_that_is_too_large_fails(self) -> None:
        """Of each kind; it would come again and again. The worker goes on to the next job."""
        for kind, rest in (
            (PacketType.JOB_ASSIGN, ()),
            (PacketType.JOB_ASSIGN_UNIQ, (b"u",)),
            (PacketType.JOB_ASSIGN_ALL, (b"u", b"reducer")),
        ):
            worker, held, peer = self.held(link_limits=SMALL)
            peer.send(kind, b"H:1", b"f", *rest, bytes(1001))
            size = sum(len(part) + 1 for part in (b"H:1", b"f", *rest)) + 1001
            failed = (PacketType.WORK_EXCEPTION, (b"H:1", TOO_LARGE % size))
            assert failed in peer.read()
            assert (held.jobs, worker.running) == ([], 0)
            self.assign(peer, b"H:2")
            assert [job.handle for job in held.jobs] == [b"H:2"]
            self.logged_errors(TooLarge)

    def test_other_packets_that_are_too_large_end_the_connection(self) -> None:
        """No server has a reason to send them."""
        _, _, peer = self.held(link_limits=SMALL)
        peer.send(PacketType.ERROR, b"CODE", bytes(1001))
        assert peer.transport.disconnecting


class BackPressureTests(WorkerCase):
    """A server that does not read."""

    def stuffed(self) -> Any:
        """Return a job that has sent more than its server reads, and the Deferred it waits for."""
        limits = LinkLimits(heartbeat=0, output=OutputLimits(pause=1000, most=10_000, timeout=5))
        worker, held, peer = self.held(link_limits=limits)
        self.assign(peer, b"H:1")
        peer.protocol.transport.producer.pauseProducing()
        self.successResultOf(held.jobs[0].send_data(bytes(2000)))
        self.clock.advance(0)
        return worker, held, peer, held.jobs[0].send_data(b"more")

    def test_a_job_waits_until_the_server_reads(self) -> None:
        """Its next packet is accepted, and the Deferred fires when there is room."""
        _, _, peer, waiting = self.stuffed()
        self.assert_waits(waiting)
        peer.protocol.transport.producer.resumeProducing()
        self.clock.advance(0)
        self.successResultOf(waiting)

    def test_a_job_that_waits_hears_of_the_loss(self) -> None:
        """A job does not wait for a lost server."""
        _, held, peer, waiting = self.stuffed()
        peer.lose()
        self.successResultOf(waiting)
        assert held.jobs[0].is_lost

    def test_a_server_that_reads_nothing_for_long_is_dropped(self) -> None:
        """After the time that its limits say."""
        _, held, peer, waiting = self.stuffed()
        self.clock.advance(5)
        self.clock.advance(5)
        self.successResultOf(waiting)
        assert peer.transport.disconnecting
        assert held.jobs[0].is_lost

    def test_a_job_may_stop_waiting(self) -> None:
        """Cancelling the Deferred of ``send_data`` does no harm."""
        _, held, peer, waiting = self.stuffed()
        self.cancel(waiting)
        peer.protocol.transport.producer.resumeProducing()
        self.clock.advance(0)
        later: Deferred[None] = held.jobs[0].send_data(b"x")
        self.successResultOf(later)
