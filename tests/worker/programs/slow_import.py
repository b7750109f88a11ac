"""A module that takes long to import, as some of science do."""

import time

time.sleep(3.5)  # noqa: TID251  # the import is to take long


def reverse(data: bytes) -> bytes:
    """Complete with the workload reversed."""
    return data[::-1]
