"""Tests of the reactor's thread."""
