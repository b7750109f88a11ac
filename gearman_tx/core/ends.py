"""The ways in which a job ends; each function counts them."""

from __future__ import annotations

from typing import Final

COMPLETED: Final = 0
"""A worker sent WORK_COMPLETE."""

FAILED: Final = 1
"""A worker sent WORK_FAIL or WORK_EXCEPTION, or the job was lost as often as the policy allows."""

CANCELLED: Final = 2
"""An operator cancelled the job or dropped its function."""

ABANDONED: Final = 3
"""A foreground job lost its last client before a worker finished it."""

END_NAMES: Final = ("completed", "failed", "cancelled", "abandoned")
