"""``gearman-tx gearmand`` needs Twisted and attrs alone."""

from __future__ import annotations

import pkgutil
import subprocess
import sys

from gearman_tx import gearmand

PROGRAM = """
import sys
sys.modules["click"] = sys.modules["rich"] = None  # an import of them fails
from importlib import import_module
for name in sys.argv[1:]:
    import_module(name)
"""


def test_no_module_imports_click_or_rich() -> None:
    """Each module of the command can be imported where the extra ``[cli]`` is not installed."""
    modules = [found.name for found in pkgutil.iter_modules(gearmand.__path__)]
    assert "command" in modules
    names = [f"gearman_tx.gearmand.{name}" for name in modules]
    done = subprocess.run([sys.executable, "-c", PROGRAM, *names], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
