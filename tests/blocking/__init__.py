"""The blocking door: python-gearman's programs with one import changed."""
