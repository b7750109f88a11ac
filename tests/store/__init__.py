"""Tests of the store room: one behaviour suite over every store, faults, formats."""
