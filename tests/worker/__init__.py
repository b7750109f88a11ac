"""The worker: its parts alone, on a stage of fake servers, and against both job servers."""
