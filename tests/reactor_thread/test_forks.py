"""Forked processes: each has a reactor of its own, and none waits for the thread of its parent."""

from __future__ import annotations

from tests.reactor_thread.programs import run

REASON = (
    "a program that runs Twisted's reactor itself, and does not have the thread of the reactor: "
    "start processes with multiprocessing's method 'spawn' or 'forkserver', or before the reactor "
    "runs"
)


def test_after_the_first_call() -> None:
    """Parent, child and grandchild get answers, in any order, from three reactors."""
    assert run("""
reactors = [THREAD.start()]
def child():
    show(lambda: "child")
    reactors.append(THREAD.start())
    in_child(grandchild)
    show(lambda: "child again")
def grandchild():
    show(lambda: "grandchild")
    reactors.append(THREAD.start())
    print(len(set(map(id, reactors))))
in_child(child)
show(lambda: "parent")
print(len(reactors))
""") == ["child", "grandchild", "3", "child again", "parent", "1"]


def test_before_the_first_call() -> None:
    """A reactor that the parent has only imported is not shared: two children run at once."""
    assert run("""
reactor = installed()
def child():
    print(THREAD.start() is not reactor)
    show(lambda: Deferred(), timeout=0.05)
in_child(child)
in_child(child)
print(THREAD.start() is reactor)
""") == [*["True", "TimedOut: it took more than 0.05 seconds"] * 2, "True"]


def test_while_another_thread_waits() -> None:
    """The child's calls are answered, and then the answer of the parent's call comes."""
    assert run("""
answer = Deferred()
def wait_for_it():
    show(lambda: (began.set(), answer)[1])
waiting = threading.Thread(target=wait_for_it)
waiting.start()
began.wait()
in_child(lambda: show(lambda: "child"))
THREAD.call(answer.callback, "parent")
waiting.join()
""") == ["child", "parent"]


def test_by_a_server_that_does_not_tell_python() -> None:
    """Python's list of threads is wrong in such a child; the number of the process is right."""
    assert run("""
import ctypes
show(lambda: "parent")
child = ctypes.PyDLL(None).fork()
if not child:
    show(lambda: "child")
    os._exit(0)
os.waitpid(child, 0)
show(lambda: "parent")
""") == ["parent", "child", "parent"]


def test_from_a_program_that_runs_its_reactor() -> None:
    """The child fails at once and says what to do: the program may use its reactor there."""
    assert run("""
def child():
    try:
        THREAD.call(lambda: 1)
    except ReactorUnavailable as error:
        print(error, flush=True)
def work():
    show(lambda: "parent")
    in_child(child)
    THREAD.post(installed().stop)
worker = threading.Thread(target=work)
installed().callWhenRunning(worker.start)
installed().run(installSignalHandlers=False)
""") == ["parent", f"this process was forked from {REASON}"]


def test_a_pool_of_processes() -> None:
    """Processes of a pool, forked after the first call, use reactors of their own."""
    assert run("""
import multiprocessing
def double(number):
    return THREAD.call(lambda: 2 * number)
print(double(1))
with multiprocessing.get_context("fork").Pool(2) as pool:
    print(pool.map(double, range(4), 1))
print(double(2))
""") == ["2", "[0, 2, 4, 6]", "4"]
