"""The constants of python-gearman, with its values."""

from __future__ import annotations

from typing import Final

from gearman_tx.addresses import DEFAULT_PORT

DEFAULT_GEARMAN_PORT: Final = DEFAULT_PORT
"""The port of a job server given without one."""

PRIORITY_NONE: Final = None
"""The normal priority."""

PRIORITY_LOW: Final = "LOW"
"""The low priority, after all others."""

PRIORITY_HIGH: Final = "HIGH"
"""The high priority, before all others."""

JOB_UNKNOWN: Final = "UNKNOWN"
"""The request was not submitted, or its job server was lost."""

JOB_PENDING: Final = "PENDING"
"""The request is being submitted; no job server has accepted it yet."""

JOB_CREATED: Final = "CREATED"
"""A job server has accepted the request, and its job has a handle."""

JOB_FAILED: Final = "FAILED"
"""The job ended without a result."""

JOB_COMPLETE: Final = "COMPLETE"
"""The job ended with a result."""
