"""The options of the job server: one table, and what reads it."""
