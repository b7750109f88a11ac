"""This process: its standard streams, and its end with the process that started it."""
