"""Client, job server and worker together, in weather that no real network would have."""
