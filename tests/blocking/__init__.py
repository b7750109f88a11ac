"""The package ``blocking``: python-gearman's programs with one import changed."""
