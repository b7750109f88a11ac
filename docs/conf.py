"""Settings of Sphinx, which builds this documentation: ``tox -e docs``."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

from gearman_tx import __version__

project = "gearman_tx"
author = "gearman_tx developers"
project_copyright = "2026, gearman_tx developers"
version = release = __version__

extensions = ["gearman_tables"]
exclude_patterns = ["_build", "_ext"]
nitpicky = True  # a reference that leads nowhere is a warning, and -W makes it an error
nitpick_ignore_regex = [("py:.*", "gearman_tx.*")]  # code is named here, and documented in itself

html_theme = "furo"
html_title = f"gearman_tx {release}"
