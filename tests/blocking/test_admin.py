"""The admin client's commands and the job server's answers."""

from __future__ import annotations

import signal
import sys

from tests.interop.conftest import StartServer
from tests.interop.peer_process import PeerRunner

PROGRAM = """
import sys
from gearman_tx import blocking as gearman
admin = gearman.GearmanAdminClient(["127.0.0.1:PORT"])
print(admin.get_version().startswith("OK "), admin.get_pid())
print(admin.get_status(), admin.get_jobs(), admin.get_unique_jobs())
print(admin.send_maxqueue("f", 5), admin.send_maxqueue(b"f", 0))
client = gearman.GearmanClient(["127.0.0.1:PORT"])
request = client.submit_job("f", b"x", unique="u", background=True)
print(admin.cancel_job(request.job.handle), admin.cancel_job("H:nowhere:1"))
admin.shutdown()
print(0 < admin.ping_server() < 10)
print(admin.cancel_job("")[:3])
print(admin.send_shutdown(), admin.send_shutdown(graceful=False), flush=True)
sys.stdin.readline()
for ask in (admin.get_status, admin.ping_server, admin.send_shutdown):
    try:
        ask()
    except gearman.errors.ServerUnavailable as error:
        print(str(error)[:36])
"""


def test_all_commands(start_server: StartServer, peers: PeerRunner) -> None:
    """Answers are python-gearman's; not every server stops."""
    server = start_server()
    admin = peers.start([sys.executable, "-c", PROGRAM.replace("PORT", str(server.port))])
    admin.await_output(b"None None\n")
    server.process.stop(signal.SIGTERM)
    admin.send_line()
    lines = admin.succeed().lines
    assert lines[:2] == [f"True OK {server.process.process.pid}", "() () ()"]
    assert lines[2:5] == ["OK OK", "OK ERR UNKNOWN_JOB", "True"]
    assert lines[5:7] == ["ERR", "None None"]
    assert lines[7:] == ["Found no valid connections in list: "] * 3
