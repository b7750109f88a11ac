"""The durable queue on SQLite: one file, which one thread writes."""
