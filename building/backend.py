"""The PEP 517 build backend: setuptools, which a wheel asks to compile the hot path.

Only this file decides whether to compile; ``setup.py`` compiles when ``GEARMAN_TX_COMPILE`` is 1
and never otherwise, so each hook below sets that variable for setuptools. What the user sets:

- ``1``: wheels and editable installs are compiled, or the build fails.
- ``0``: nothing is compiled.
- unset: wheels are compiled. Where that is impossible or fails, the wheel is pure, and one line
  says why. Editable installs are not compiled, because Python imports a compiled module instead of
  the edited source beside it.

``[build-system] requires`` names setuptools alone. The compiler's requirements are static too, in
the dependency group ``compile`` of ``pyproject.toml``, but a hook names them and only where a
compiler is: installed for every build, they would make an installation impossible on machines for
which mypy has no wheel, for the sake of a step that is skipped there.
"""

from __future__ import annotations

import os
import shlex
import shutil
import sys
import sysconfig
import tomllib
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from setuptools import build_meta

VARIABLE = "GEARMAN_TX_COMPILE"

Settings = Mapping[str, Any] | None
"""The ``config_settings`` of a hook: what the user of pip or build passes to the backend."""


def asked() -> str:
    """Return what the user set: ``1``, ``0`` or the empty string.

    Raises:
        SystemExit: another value is set.
    """
    value = os.environ.get(VARIABLE, "")
    if value not in {"", "0", "1"}:
        raise SystemExit(f"error: {VARIABLE} is 0, 1 or not set; it is {value!r}")
    return value


@contextmanager
def asking_setup(value: str) -> Iterator[None]:
    """Set the variable that ``setup.py`` reads to ``value``, while the block runs."""
    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[VARIABLE]
        else:
            os.environ[VARIABLE] = before


def missing_tool() -> str | None:
    """Return what this machine lacks for compiling and how to get it, or None."""
    if sys.implementation.name != "cpython":
        return f"this is {sys.implementation.name}, and mypyc supports CPython only"
    program = shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")[0]
    if shutil.which(program) is None:
        return f"there is no C compiler {program!r} (Debian: apt-get install gcc libc6-dev)"
    headers = sysconfig.get_path("include", "posix_prefix")
    if not Path(headers, "Python.h").exists():
        return f"there is no Python.h in {headers} (Debian: apt-get install python3-dev)"
    return None


def compiler_requirements() -> list[str]:
    """Return the dependency group ``compile`` of ``pyproject.toml``."""
    with Path("pyproject.toml").open("rb") as file:
        requirements: list[str] = tomllib.load(file)["dependency-groups"]["compile"]
    return requirements


def get_requires_for_build_wheel(config_settings: Settings = None) -> list[str]:
    """PEP 517: return what a wheel needs besides setuptools."""
    is_to_compile = asked() == "1" or (asked() == "" and missing_tool() is None)
    return compiler_requirements() if is_to_compile else []


def get_requires_for_build_editable(config_settings: Settings = None) -> list[str]:
    """PEP 660: return what an editable install needs besides setuptools."""
    return compiler_requirements() if asked() == "1" else []


def get_requires_for_build_sdist(config_settings: Settings = None) -> list[str]:
    """PEP 517: return nothing; a source distribution only packs files."""
    return []


def prepare_metadata_for_build_wheel(directory: str, config_settings: Settings = None) -> str:
    """PEP 517: write the metadata, which do not depend on compiling."""
    with asking_setup("0"):
        return str(build_meta.prepare_metadata_for_build_wheel(directory, config_settings))


def prepare_metadata_for_build_editable(directory: str, config_settings: Settings = None) -> str:
    """PEP 660: write the metadata, which do not depend on compiling."""
    with asking_setup("0"):
        return str(build_meta.prepare_metadata_for_build_editable(directory, config_settings))


def build_sdist(directory: str, config_settings: Settings = None) -> str:
    """PEP 517: pack the sources."""
    with asking_setup("0"):
        return str(build_meta.build_sdist(directory, config_settings))


def build_editable(
    directory: str, config_settings: Settings = None, metadata_directory: str | None = None
) -> str:
    """PEP 660: install this folder; compiled modules stand beside the sources if asked for."""
    with asking_setup(asked() or "0"):
        return str(build_meta.build_editable(directory, config_settings, metadata_directory))


def build_wheel(
    directory: str, config_settings: Settings = None, metadata_directory: str | None = None
) -> str:
    """PEP 517: build a compiled wheel, or a pure one; see the top of this file."""
    # setuptools packs everything that an earlier build left there, deleted modules too.
    for old in Path("build").glob("lib*"):
        shutil.rmtree(old)

    def build(value: str) -> str:
        with asking_setup(value):
            return str(build_meta.build_wheel(directory, config_settings, metadata_directory))

    if asked() == "0":
        return build("0")
    cause = missing_tool()
    if asked() == "1" and cause:
        raise SystemExit(f"error: {cause}")
    if cause is None:
        try:
            return build("1")
        except (Exception, SystemExit) as error:  # setuptools and mypyc end the process to fail
            if asked() == "1":
                raise
            cause = str(error) if isinstance(error, ImportError) else "compiling failed, see above"
            traceback.print_exc()
    print(
        f"gearman_tx is not compiled: {cause}. It works, at half the speed. To compile it, install"
        f" it again when this is fixed; {VARIABLE}=0 hides this line.",
        file=sys.stderr,
    )
    return build("0")
