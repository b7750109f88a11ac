"""Tests of the room for tests: the stage in memory, real servers, and the plugin for pytest."""
