"""Client, job server and worker together, over a network with arbitrary faults."""
