#!/usr/bin/env python3
"""Start ``twistd gearmand`` of an environment, ask its version and stop it.

Usage: ``start_plugin.py BIN BUILD``. BIN is the environment's folder of programs. BUILD is what
``--version`` must say: ``compiled`` or ``not compiled``. The server runs in the current folder, on
a free port of 127.0.0.1.
"""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

START_SECONDS = 30
STOP_SECONDS = 30

twistd = str(Path(sys.argv[1], "twistd"))
told = subprocess.run([twistd, "gearmand", "--version"], capture_output=True, check=True, text=True)
if f", {sys.argv[2]})" not in told.stdout:
    sys.exit(f"twistd gearmand --version says {told.stdout!r}, not {sys.argv[2]!r}")

words = ["-n", "gearmand", "--listen", "127.0.0.1", "--port", "0"]
with subprocess.Popen([twistd, *words], stdout=subprocess.PIPE, text=True) as server:
    try:
        signal.alarm(START_SECONDS)  # a server that prints nothing more ends this program
        assert server.stdout is not None
        for line in server.stdout:
            if found := re.search(r"listening on .*127\.0\.0\.1:(\d+)", line):
                break
        else:
            sys.exit("twistd gearmand ended before it listened")
        with socket.create_connection(("127.0.0.1", int(found[1])), START_SECONDS) as connection:
            connection.sendall(b"version\n")
            answer = connection.recv(100)
        if not answer.startswith(b"OK "):
            sys.exit(f"the answer to version is {answer!r}")
        server.send_signal(signal.SIGINT)
        signal.alarm(STOP_SECONDS)
        server.stdout.read()
    except BaseException:
        server.kill()
        raise
if server.returncode != 0:
    sys.exit(f"twistd gearmand exited with {server.returncode}")
