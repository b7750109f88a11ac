"""The tests of gearman_tx: one folder a room, plus other people's programs and real sockets."""
