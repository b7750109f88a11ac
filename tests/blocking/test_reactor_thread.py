"""The reactor thread: the program's own reactor, waiting, the end, the log."""

from __future__ import annotations

import sys

from tests.blocking.conftest import one_server
from tests.interop.interop_fixture import InteropFixture
from tests.interop.peer_process import Outcome, PeerRunner
from tests.support.ports import free_port

SUBMIT = """
from gearman_tx import blocking as gearman
def submit():
    client = gearman.GearmanClient(["127.0.0.1:PORT"])
    return client.submit_job("FUNCTION", b"x", background=True).state
"""


def run(interop: InteropFixture, code: str, status: int = 0) -> Outcome:
    """Run a program that may call ``submit()``."""
    text = (SUBMIT + code).replace("PORT", str(interop.server.port))
    text = text.replace("FUNCTION", interop.function)
    return interop.run([sys.executable, "-c", text], status=status)


@one_server
def test_a_program_on_twisted(interop: InteropFixture) -> None:
    """The program's reactor is used; threads may wait, except the reactor's own."""
    outcome = run(
        interop,
        """
from twisted.internet import reactor
from twisted.internet.threads import deferToThread
def begin():
    try:
        submit()
    except RuntimeError as error:
        print(type(error).__name__)
    deferToThread(submit).addBoth(print).addBoth(lambda _: reactor.stop())
reactor.callWhenRunning(begin)
reactor.run()
try:
    submit()
except gearman.errors.ReactorUnavailable as error:
    print(str(error)[:57])
""",
    )
    assert outcome.lines == [
        "RuntimeError",
        "CREATED",
        "the thread that talks to the job servers has ended: the i",
    ]
    assert outcome.err == b""


@one_server
def test_a_program_that_uses_crochet_already(interop: InteropFixture) -> None:
    """Crochet's thread is used, and crochet ends the program."""
    outcome = run(interop, "import crochet\ncrochet.setup()\nprint(submit())\n")
    assert (outcome.lines, outcome.err) == (["CREATED"], b"")


@one_server
def test_a_worker_whose_reactor_ends(interop: InteropFixture) -> None:
    """Crochet ends the reactor with the main thread; a worker in another thread ends too."""
    outcome = run(
        interop,
        """
import crochet, threading
crochet.setup()
class Worker(gearman.GearmanWorker):
    def after_poll(self, any_activity):
        began.set()
        return True
def work():
    worker = Worker(["127.0.0.1:PORT"])
    worker.register_task("FUNCTION", print)
    try:
        worker.work()
    except gearman.errors.ReactorUnavailable as error:
        print(error)
began = threading.Event()
threading.Thread(target=work).start()
began.wait()
""",
    )
    (line,) = outcome.lines
    assert line.startswith("the thread that talks to the job servers")


@one_server
def test_calls_at_the_end_of_a_program(interop: InteropFixture) -> None:
    """A call in an atexit function registered before the first call fails, and does not hang."""
    outcome = run(
        interop,
        """
import atexit
def last_words():
    try:
        submit()
    except gearman.errors.ReactorUnavailable:
        print("too late")
atexit.register(last_words)
print(submit())
atexit.register(lambda: print("in time:", submit()))
""",
    )
    assert outcome.lines == ["CREATED", "in time: CREATED", "too late"]
    assert outcome.err == b""


def test_what_is_logged(peers: PeerRunner) -> None:
    """Nothing is logged unless the program sets logging up, for the logger ``gearman_tx``."""
    code = f"""
from gearman_tx import blocking as gearman
try:
    gearman.GearmanClient(["127.0.0.1:{free_port()}"]).submit_job("f", b"x")
except gearman.errors.ServerUnavailable:
    print("nobody is there")
"""
    quiet = peers.run([sys.executable, "-c", code])
    assert (quiet.out, quiet.err) == (b"nobody is there\n", b"")
    talking = peers.run([sys.executable, "-c", f"import logging; logging.basicConfig(){code}"])
    assert talking.err.startswith(b"WARNING:gearman_tx")
    assert b"cannot connect to job server 127.0.0.1:" in talking.err
