"""Tests of the wire room: the table, the decoder, the encoders."""
