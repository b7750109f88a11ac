"""The job server of PyPI's gear: ``python gear_server.py`` prints the port that it listens on."""

from __future__ import annotations

import sys
import threading

import gear

if __name__ == "__main__":
    server = gear.Server(port=0, host="127.0.0.1")
    sys.stdout.write(f"port {server.port}\n")
    sys.stdout.flush()
    threading.Event().wait()
