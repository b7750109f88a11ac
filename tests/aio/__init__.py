"""Tests of the client and the worker for asyncio programs."""
