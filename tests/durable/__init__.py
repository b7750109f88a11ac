"""Tests of the durable queue as a whole: server and store, faults under load, kills, restarts."""
