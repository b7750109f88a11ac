"""Tests of the admin room: the text protocol without a socket."""
