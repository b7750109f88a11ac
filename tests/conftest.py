"""What every test relies on: no Gearman settings of the shell, no hypothesis deadline, Ctrl-C.

A shell starts what it puts into the background with SIGINT ignored. The programs that tests start
would ignore it too, and tests interrupt some of them.
"""

from __future__ import annotations

import os
import signal
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.support import distribution, measuring, peers

GEARMAN_VARIABLES = (
    "GEARMAND_PORT",
    "GEARMAN_SERVER",
    "GEARMAN_SERVERS",
    "GEARMAND_CA_CERTIFICATE",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of these tests."""
    peers.add_option(parser)


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Return how many processes run the tests: none besides this one for files and single tests."""
    return distribution.processes(config.args)


def pytest_xdist_make_scheduler(
    config: pytest.Config, log: Any
) -> distribution.Distribution | None:
    """Return what divides the tests, unless the command line asks for another way."""
    is_usual = config.getoption("dist") == "loadscope"
    return distribution.Distribution(config, log) if is_usual else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Arrange the tests for several processes; coverage has begun in each of them."""
    measuring.configure()
    if hasattr(config, "workerinput"):
        distribution.arrange(items)


def pytest_configure(config: pytest.Config) -> None:
    """Clear the environment of Gearman settings and load the hypothesis profile.

    Examples have no deadline, because a loaded machine makes them slow; pytest-timeout ends a test
    that hangs. With ``CI=true`` the examples are the same in every run; a developer's machine goes
    on looking for new ones.
    """
    peers.configure(config)
    # Tests start thousands of Python processes, each of which would compile the package again.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    for name in GEARMAN_VARIABLES:
        os.environ.pop(name, None)
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    settings.register_profile(
        "gearman_tx",
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
        print_blob=True,
        derandomize=os.environ.get("CI") == "true",
    )
    settings.load_profile("gearman_tx")
