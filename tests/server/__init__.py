"""Tests of the server room: packets in, packets out, over connections in memory and real ones."""
