"""The version of gearman_tx, written here and nowhere else; setup.py reads it without importing."""

__version__ = "0.1.0"
