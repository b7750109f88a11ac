"""Programs that tests of the worker start."""
