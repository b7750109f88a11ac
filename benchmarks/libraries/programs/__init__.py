"""One program for each Python library: ``python -m ... client|worker MODE PORT FUNCTION COUNT``.

A client's mode is ``one``, ``many`` or ``background``, and ours has ``outstanding``; a worker's is
how many jobs it does at a time. Each prints jobs, seconds and seconds of its own CPU, as the one
over libgearman does.
"""
