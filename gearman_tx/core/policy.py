"""The operator's decisions about queues: limits, retries, wake-ups, the form of handles."""

from __future__ import annotations

from typing import Final

from attrs import field, frozen, validators

from gearman_tx.core.settings import PLAIN, FunctionSettings
from gearman_tx.errors import ConfigurationError

HANDLE_SIZE: Final = 64
"""Handles are shorter than this: libgearman stores 64 bytes, the ending NUL included."""

_LARGEST_ID_DIGITS: Final = 19  # of 2**63 - 1, the largest id that a store must hold
LONGEST_PREFIX: Final = HANDLE_SIZE - len("\0:") - _LARGEST_ID_DIGITS

DEFAULT_MAX_FUNCTION_NAME: Final = 8191
"""Longest function name in bytes, as in the C server."""

DEFAULT_MAX_UNIQUE: Final = 64
"""Longest unique in bytes; the C server's limit, but here all 64 are kept."""

MAX_REDUCER: Final = 64
"""Longest reducer name in bytes, as in the C server."""

DEFAULT_MAX_FUNCTIONS: Final = 100_000
"""How many functions may be known at once; unused ones make room first."""

MAX_CLIENT_ID: Final = 127
"""A client id is cut to this many bytes, as in the C server."""

UNLIMITED_RETRIES: Final = -1
"""The default of ``job_retries``: a job is tried again as often as its workers are lost."""


@frozen
class Policy:
    """The operator's decisions, fixed while the server runs.

    Attributes:
        handle_prefix: what handles start with, ``H:`` and the host's name by convention.
        job_retries: how many losses (a worker gone, a timeout) end a job; a value below 1 means no
            limit. With 2, workers get a job at most twice.
        worker_wakeup: how many sleeping workers a queued job wakes; 0 wakes all of them.
        max_function_name: longest function name, in bytes.
        max_unique: longest unique, in bytes.
        max_functions: how many functions may be known at once.
        settings: the settings of functions that were given no others.
        function_by_function: whether a worker gets all jobs of the function that it registered
            last before any of another, whatever their priority, as in the C server since 1.1.
        fail_timed_out: whether a job that ran out of time fails instead of being queued again.
        requeue_first: whether a job that lost its worker goes to the front of its queue.
        exceptions: whether every client gets WORK_EXCEPTION without asking for it.
    """

    handle_prefix: bytes = field(default=b"H:localhost", validator=validators.instance_of(bytes))
    job_retries: int = UNLIMITED_RETRIES
    worker_wakeup: int = field(default=1, validator=validators.ge(0))
    max_function_name: int = field(default=DEFAULT_MAX_FUNCTION_NAME, validator=validators.ge(1))
    max_unique: int = field(default=DEFAULT_MAX_UNIQUE, validator=validators.ge(1))
    max_functions: int = field(default=DEFAULT_MAX_FUNCTIONS, validator=validators.ge(1))
    settings: FunctionSettings = PLAIN
    function_by_function: bool = False
    fail_timed_out: bool = False
    requeue_first: bool = False
    exceptions: bool = False

    def __attrs_post_init__(self) -> None:
        """Refuse a prefix that would make handles too long for libgearman."""
        if not 0 < len(self.handle_prefix) <= LONGEST_PREFIX or b"\0" in self.handle_prefix:
            prefix = self.handle_prefix.decode(errors="replace")
            text = f"the job handle prefix {prefix!r} must have 1 to {LONGEST_PREFIX} bytes, no NUL"
            raise ConfigurationError(text)
