"""Client libraries as contenders: ours, the other Python ones, and libgearman from C.

``contenders`` is the table of libraries, ``library`` one of them with a job server of its own,
``kinds`` their work and ``targets`` the targets of ours. ``programs`` has a program for each Python
library. The program of libgearman is among the load programs; it is the opposite side of all: the
worker of every client, and the client of every worker.
"""
