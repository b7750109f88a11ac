"""What every test may rely on: no Gearman setting of the user's shell, no hypothesis deadline.

And Ctrl-C: a shell starts what it puts into the background with SIGINT ignored, and so would be all
that tests start and then interrupt.
"""

from __future__ import annotations

import os
import signal

from hypothesis import HealthCheck, settings

GEARMAN_VARIABLES = (
    "GEARMAND_PORT",
    "GEARMAN_SERVER",
    "GEARMAN_SERVERS",
    "GEARMAND_CA_CERTIFICATE",
)


def pytest_configure() -> None:
    """Clear the environment of Gearman settings and load the hypothesis profile.

    A loaded machine makes examples, or their making, slow without anything being wrong, so
    neither has a deadline; pytest-timeout ends what hangs. With ``CI=true`` the examples are the
    same in every run, and a developer's machine goes on looking for new ones.
    """
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
