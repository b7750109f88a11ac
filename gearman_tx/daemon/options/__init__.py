"""The options of the job server: a table of them, and the code that reads it."""
