"""A call in the reactor's thread always ends: whatever it does, and however the reactor ends."""

from __future__ import annotations

from tests.reactor_thread.programs import run

UNAVAILABLE = "ReactorUnavailable: the thread that talks to the job servers"


def test_outcomes() -> None:
    """Values, Deferreds and coroutines give results; exceptions of every kind are raised."""
    assert run("""
async def later():
    return await succeed(3)
def leave():
    sys.exit("bye")
def interrupt():
    raise KeyboardInterrupt("ctrl")
show(lambda: 1)
show(lambda: succeed(2))
show(later)
show(lambda: fail(ValueError("no")))
show(lambda: 1 / 0)
show(leave)
show(interrupt)
show(lambda: fail(TimeoutError("of its own")), timeout=30)
show(lambda: 4)
""") == [
        "1",
        "2",
        "3",
        "ValueError: no",
        "ZeroDivisionError: division by zero",
        "SystemExit: bye",
        "KeyboardInterrupt: ctrl",
        "TimeoutError: of its own",
        "4",
    ]


def test_a_timeout_cancels_the_deferred() -> None:
    """The caller gets TimedOut, and the Deferred learns that no caller waits."""
    assert run("""
cancelled = threading.Event()
show(lambda: Deferred(lambda _: cancelled.set()), timeout=0.05)
print(cancelled.wait(30))
show(lambda: 1)
""") == ["TimedOut: it took more than 0.05 seconds", "True", "1"]


def test_the_program_stops_the_reactor() -> None:
    """Calls that wait fail, and so do later ones."""
    assert run("""
def stop():
    began.wait()
    THREAD.post(installed().stop)
threading.Thread(target=stop).start()
show(waits)
show(lambda: 1)
""") == [UNAVAILABLE, UNAVAILABLE]


def test_the_reactor_ends_with_an_error() -> None:
    """The error of the callers names that error."""
    assert run("""
installed().mainLoop = lambda: 1 / 0
try:
    THREAD.call(lambda: 1)
except ReactorUnavailable as error:
    print(repr(error.__cause__))
""") == ["ZeroDivisionError('division by zero')"]


def test_the_reactor_crashes() -> None:
    """Calls that wait fail; a reactor that crashed can run again, so a later call is made."""
    assert run("""
def crash():
    began.wait()
    THREAD.post(installed().crash)
threading.Thread(target=crash).start()
show(waits)
show(lambda: 1)
""") == [UNAVAILABLE, "1"]


def test_no_thread_can_be_started() -> None:
    """The error gives the reason; when there is room again, a call is made."""
    assert run("""
def full(self):
    raise RuntimeError("can't start new thread")
start, threading.Thread.start = threading.Thread.start, full
try:
    THREAD.call(lambda: 1)
except ReactorUnavailable as error:
    print(error)
threading.Thread.start = start
show(lambda: 1)
""") == ["the thread of Twisted's reactor cannot be started: can't start new thread", "1"]


def test_a_reactor_of_the_program() -> None:
    """It is used; calls fail in its own thread, and in others when it is stopped or crashes."""
    assert run("""
def work():
    show(lambda: 1)
    THREAD.post(show, lambda: 2)
    threading.Timer(0.2, THREAD.post, [installed().crash]).start()
    show(waits)
worker = threading.Thread(target=work)
installed().callWhenRunning(worker.start)
installed().run(installSignalHandlers=False)
worker.join()
def again():
    show(lambda: 3)
    threading.Timer(0.2, THREAD.post, [installed().stop]).start()
    show(waits)
worker = threading.Thread(target=again)
installed().callWhenRunning(worker.start)
installed().run(installSignalHandlers=False)
worker.join()
show(lambda: 4)
""") == [
        "1",
        "RuntimeError: a call that waits was made in the reactor's own thread"[:60],
        UNAVAILABLE,
        "3",
        UNAVAILABLE,
        UNAVAILABLE,
    ]


def test_the_first_call_in_the_thread_of_the_reactor() -> None:
    """It does not wait for itself."""
    assert run("""
def first():
    show(lambda: 1)
    installed().stop()
installed().callWhenRunning(first)
installed().run(installSignalHandlers=False)
""") == ["RuntimeError: a call that waits was made in the reactor's own thread"[:60]]
