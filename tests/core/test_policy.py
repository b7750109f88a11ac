"""The operator's decisions: which values are accepted and which are refused at the start."""

from __future__ import annotations

import pytest

from gearman_tx import core
from gearman_tx.core import UNLIMITED, UNLIMITED_RETRIES, Policy
from gearman_tx.core.policy import HANDLE_SIZE, LONGEST_PREFIX
from gearman_tx.errors import ConfigurationError
from tests.core.conftest import BuildCore


def test_the_defaults_are_those_of_the_c_server_where_it_has_them() -> None:
    """Unlimited queues and retries, no exceptions, names as long as its buffer holds."""
    policy = Policy()
    assert policy.settings.max_queue == (UNLIMITED,) * 3
    assert policy.job_retries == UNLIMITED_RETRIES
    assert policy.max_function_name == 8191
    assert policy.max_unique == 64
    assert not policy.exceptions


def test_one_worker_is_woken_by_default() -> None:
    """All of them, the C server's default, costs 44 ms a job with 1,000 of them."""
    assert Policy().worker_wakeup == 1


def test_the_longest_prefix_still_fits_libgearman(build: BuildCore) -> None:
    """With the largest id that a store holds, the handle and its NUL fill 64 bytes."""
    core = build(handle_prefix=b"p" * LONGEST_PREFIX)
    core.server.tables.next_id = 2**63 - 1
    assert len(core.connection().submit() + b"\0") == HANDLE_SIZE


@pytest.mark.parametrize("prefix", [b"", b"p" * (LONGEST_PREFIX + 1), b"H:\0"])
def test_a_prefix_that_clients_could_not_use_is_refused(prefix: bytes) -> None:
    """Empty, too long, or with a NUL; the message says the limit."""
    with pytest.raises(ConfigurationError, match=f"must have 1 to {LONGEST_PREFIX} bytes, no NUL"):
        Policy(handle_prefix=prefix)


@pytest.mark.parametrize(
    "name", ["worker_wakeup", "max_function_name", "max_unique", "max_functions"]
)
def test_a_number_below_its_range_is_refused(name: str) -> None:
    """Minus one is below all of them."""
    with pytest.raises(ValueError, match=name):
        Policy(**{name: -1})  # type: ignore[arg-type]  # the name is data


def test_the_door_of_the_room_lists_what_it_offers() -> None:
    """``__all__`` has only existing names, each once."""
    assert all(hasattr(core, name) for name in core.__all__)
    assert len(set(core.__all__)) == len(core.__all__)
