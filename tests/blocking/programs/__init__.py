"""Programs in the style of python-gearman's documentation, for pygearman and ``blocking``."""
