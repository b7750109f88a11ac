"""Tests of gearman_tx.cli: the command ``gearman-tx``."""
