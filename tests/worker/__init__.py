"""The worker: its parts alone, with fake servers, and with both job servers."""
