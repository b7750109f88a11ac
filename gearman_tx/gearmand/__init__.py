"""``gearman-tx gearmand``: the job server with the command line of the C server."""
