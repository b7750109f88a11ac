"""Job servers as contenders: how they are started, loaded and looked at.

``contenders`` is the table of who there is, ``server`` one that runs, ``load`` what is done to it,
``programs`` makes the load programs out of C, ``usage`` reads what the kernel counts.
"""

from benchmarks.job_servers.contenders import ServerContender, contenders
from benchmarks.job_servers.load import Load, load, loading
from benchmarks.job_servers.server import Server

__all__ = ["Load", "Server", "ServerContender", "contenders", "load", "loading"]
