"""Tests of gearman_tx.gearmand: the drop-in command."""
