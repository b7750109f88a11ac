"""Sphinx extensions of this documentation: tables rendered from the code they describe."""
