"""The job server as a process: its options, sockets, signals, log, start and stop."""
