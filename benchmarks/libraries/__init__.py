"""Client libraries as contenders: ours, the other Python ones, and libgearman from C.

``contenders`` is the table of who there is, ``library`` one of them beside a job server of its own,
``kinds`` what they do and ``targets`` what is asked of ours. ``programs`` has a program for each
Python library; that of libgearman lies with the load programs, and is the counterpart of all: the
worker of every client, and the client of every worker.
"""
