"""Job servers as contenders: how they are started, loaded and measured.

``contenders`` is the table of job servers, ``server`` a running one, ``load`` the work put on it.
``programs`` compiles the load programs, ``usage`` reads the kernel's counts of a process.
"""

from benchmarks.job_servers.contenders import ServerContender, contenders
from benchmarks.job_servers.load import Load, load, loading
from benchmarks.job_servers.server import Server

__all__ = ["Load", "Server", "ServerContender", "contenders", "load", "loading"]
