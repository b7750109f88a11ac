"""The error of a run; its message says what to do."""


class BenchmarkError(Exception):
    """A measurement could not be made, or its figures cannot be trusted."""
