"""What can go wrong in a run, said so that somebody can mend it."""


class BenchmarkError(Exception):
    """A measurement could not be made, or its figures cannot be trusted."""
