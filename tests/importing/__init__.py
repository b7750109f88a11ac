"""Tests of taking over the C server's queues."""
