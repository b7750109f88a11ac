"""Tests of the core room: the job server's verbs, one file each, and the whole against a model."""
