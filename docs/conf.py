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

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinxcontrib.towncrier.ext",
    "gearman_tables",
    "python_interface",
]
# What the benchmarks write is included by the pages about performance.
exclude_patterns = ["_build", "_ext", "performance/*-*.rst"]
smartquotes_action = "qe"  # not "--", which would make dashes of the hyphens of options
nitpicky = True  # a broken reference is a warning, and -W makes it an error
nitpick_ignore_regex = [
    # Documented elsewhere; the build has no network to look there.
    ("py:.*", r"(twisted|typing|collections|datetime|random|pathlib|subprocess)\..*"),
    ("py:.*", r"CannotListenError|Deferred|IService|Path|UsageError|<InterfaceClass .*>"),
    ("py:.*", r"gearman_tx\.(core|server\.factory|testing\.transport)\..*"),  # not for users
    ("py:.*", r"gearman_tx\..*\.[A-Z]"),  # a type variable
]

autodoc_class_signature = "mixed"
autodoc_default_options = {"member-order": "bysource"}
autodoc_preserve_defaults = True  # a named default shows its name, or its number
autodoc_typehints_format = "short"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
python_maximum_signature_line_length = 80

copybutton_prompt_text = r"[$#] "
copybutton_prompt_is_regexp = True
copybutton_line_continuation_character = "\\"

towncrier_draft_autoversion_mode = "draft"  # the heading is "Unreleased"
towncrier_draft_include_empty = True
towncrier_draft_working_directory = Path(__file__).parent.parent

html_theme = "furo"
html_title = f"gearman_tx {release}"
html_favicon = "images/logo.svg"
