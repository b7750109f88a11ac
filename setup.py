"""Packaging metadata of gearman-tx; pyproject.toml holds only the settings of tools."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
import sysconfig
from importlib.util import find_spec
from pathlib import Path

from setuptools import Extension, find_packages, setup
from setuptools.command.build_ext import build_ext
from setuptools.errors import CompileError, PlatformError

HERE = Path(__file__).parent


def read_version() -> str:
    """Return the version written in gearman_tx/_version.py, without importing the package."""
    text = (HERE / "gearman_tx" / "_version.py").read_text(encoding="utf-8")
    found = re.search(r'^__version__ = "([^"]+)"$', text, re.MULTILINE)
    if found is None:
        message = 'gearman_tx/_version.py holds no line like __version__ = "1.2.3"'
        raise RuntimeError(message)
    return found.group(1)


COMPILED = [
    "gearman_tx/large_body.py",
    "gearman_tx/daemon/collector.py",
    *("gearman_tx/wire/" + name for name in ("compiled.py", "decoder.py", "encoder.py")),
    *(
        str(path.relative_to(HERE))
        for path in sorted((HERE / "gearman_tx" / "core").glob("*.py"))
        # Values of attrs, which the compiler does not know, and ports, which hold no code.
        if path.name not in {"__init__.py", "events.py", "policy.py", "records.py"}
    ),
    *(
        "gearman_tx/link/" + name
        for name in (
            "backlog.py",
            "input.py",
            "output.py",
            "reactor_wait.py",
            "socket_entry.py",
            "socket_set.py",
            "turn.py",
        )
    ),
    *(
        "gearman_tx/server/" + name
        for name in (
            "arguments.py",
            "peer_link.py",
            "client_side.py",
            "deadline_timer.py",
            "worker_side.py",
        )
    ),
]
"""The modules that mypyc compiles; each of them runs uncompiled as well."""

ASKED = os.environ.get("GEARMAN_TX_COMPILE", "")
"""``1``: compile or fail. ``0``: do not. Unset: compile what is installed, if that can be done."""

if ASKED not in {"", "0", "1"}:
    sys.exit(f"error: GEARMAN_TX_COMPILE is 0, 1 or not set; it is {ASKED!r}")

NEVER_BY_ITSELF = {
    "editable_wheel",  # compiled modules beside sources that are edited would soon be stale
    "get_requires_for_build_editable",
    "develop",
    "get_requires_for_build_sdist",  # packs sources only
}
"""Words of a command line at which compiling has to be asked for."""

IS_TO_COMPILE = ASKED == "1" or (
    # What pip asks for stands in the original words, what setuptools makes of it in the others.
    ASKED == "" and NEVER_BY_ITSELF.isdisjoint((*sys.orig_argv, *sys.argv))
)


def missing_tool() -> str | None:
    """Return what this machine lacks for compiling, and where to get it; None if it has all."""
    if sys.implementation.name != "cpython":
        return f"this is {sys.implementation.name}, and mypyc knows CPython only"
    program = shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")[0]
    if shutil.which(program) is None:
        return f"there is no C compiler {program!r} (Debian: apt-get install gcc libc6-dev)"
    headers = sysconfig.get_path("include", "posix_prefix")
    if not Path(headers, "Python.h").exists():
        return f"there is no Python.h in {headers} (Debian: apt-get install python3-dev)"
    return None


class BuildHotPath(build_ext):
    """Compile the modules of COMPILED, or say why not and leave them as they are."""

    command_name = "build_ext"

    def run(self) -> None:
        """Compile; what fails is an error only where compiling was asked for."""
        try:
            self._compile()
        except Exception as error:
            if ASKED == "1":
                raise
            self._take_extensions([])
            self.warn(
                f"gearman_tx is not compiled: {error}. It works as well, at half the speed. Install"
                " it again when that is mended; GEARMAN_TX_COMPILE=0 says that it is meant so."
            )

    def _compile(self) -> None:
        if missing := missing_tool():
            raise PlatformError(missing)
        if find_spec("mypyc") is None:
            raise PlatformError(f"mypyc is not installed (pip install {shlex.join(COMPILER)})")
        from mypyc.build import mypycify  # noqa: PLC0415  # pip installs it only to compile

        try:
            extensions = mypycify(COMPILED, opt_level="3", debug_level="0")
        except SystemExit as error:
            raise CompileError("mypyc refused the sources; its messages stand above") from error
        self._take_extensions(extensions)
        super().run()

    def _take_extensions(self, extensions: list[Extension]) -> None:
        """Let ``extensions`` be all that is compiled, whatever an earlier build left behind."""
        self.distribution.ext_modules = extensions
        places = {"inplace": self.inplace, "editable_mode": self.editable_mode}
        self.reinitialize_command(self, **places).ensure_finalized()
        expected = {Path(name) for name in self.get_outputs()}
        for found in Path(self.build_lib).rglob("*" + sysconfig.get_config_var("EXT_SUFFIX")):
            if found not in expected:
                found.unlink()
        wheel = self.distribution.get_command_obj("bdist_wheel", create=False)
        if wheel is not None:  # it took its name before this command ran
            wheel.root_is_pure = not extensions


REQUIRED = [
    "attrs>=23.2",
    "mypy_extensions>=1.0",  # one mark for the compiler; it does nothing uncompiled
    "twisted>=24.11",
    "typing_extensions>=4.4",  # Twisted needs these two itself; our code imports them as well
    "zope.interface>=5",
]

BUILD = "setuptools>=70"  # as in pyproject.toml; new environments are without it since Python 3.12
COMPILER = ["mypy>=2.4", "mypy-zope>=1.0.17", BUILD]

TLS = ["twisted[tls]>=24.11"]

CLI = [
    "click>=8.2",
    "rich>=13.7",
]

BLOCKING = ["crochet>=2.1"]
IMPORT_MYSQL = ["PyMySQL[rsa]>=1.1"]  # rsa: without it MySQL 8 refuses its default passwords
IMPORT_POSTGRESQL = ["psycopg[binary]>=3.2"]
IMPORT_REDIS = ["redis>=5"]
IMPORT = [*IMPORT_MYSQL, *IMPORT_POSTGRESQL, *IMPORT_REDIS]

TEST = [
    "coverage[toml]>=7.10",  # 7.10 measures the servers that tests start as processes
    "gear>=0.16",  # a peer: OpenStack's Python client and worker
    "hypothesis>=6.100",
    "msgpack>=1.1",  # its encoder is tested
    "pillow>=10",  # the tutorial resizes images
    "pygearman>=0.2.6",  # a peer: the Python 3 fork of the classic client
    "pytest>=8.2",
    "pytest-cov>=6",
    "pytest-timeout>=2.3",
    BUILD,  # what it makes of setup.py is tested
    *BLOCKING,
    *CLI,
    *IMPORT,
    *TLS,
]

BENCH = [
    *COMPILER,  # so that the compiled server takes part
    "gear>=0.16",  # our client and worker are measured beside its
    "matplotlib>=3.9",  # draws the chart of the page on performance
    "pygearman>=0.2.6",  # as gear
    *CLI,
    *TLS,
]

DOCS = [
    "furo>=2024.8.6",
    "sphinx>=8",
    *BLOCKING,  # the reference is made from its docstrings, too
]

LINT = [
    *COMPILER,
    "build>=1.2",
    "import-linter>=2.1",
    "ruff>=0.12",
    "towncrier>=24.8",
    "types-docutils>=0.21",
]

setup(
    name="gearman-tx",
    version=read_version(),
    description="A Gearman job server on Twisted that takes the place of the C gearmand",
    long_description=(HERE / "README.rst").read_text(encoding="utf-8"),
    long_description_content_type="text/x-rst",
    author="gearman_tx developers",
    license="MIT",
    license_files=["LICENSE"],
    keywords="gearman gearmand job server queue worker twisted",
    classifiers=[
        "Development Status :: 3 - Alpha",
        "Environment :: No Input/Output (Daemon)",
        "Framework :: Twisted",
        "Intended Audience :: Developers",
        "Intended Audience :: System Administrators",
        "Operating System :: POSIX",
        "Programming Language :: Python :: 3",
        "Programming Language :: Python :: 3 :: Only",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Topic :: System :: Clustering",
        "Topic :: System :: Distributed Computing",
        "Topic :: System :: Networking",
        "Typing :: Typed",
    ],
    python_requires=">=3.11",
    install_requires=REQUIRED,
    # pip asks for these before it builds. What we import is among them, so that the compiler knows
    # its types; where nothing can be compiled, nothing is to be downloaded for it.
    setup_requires=[*COMPILER, *REQUIRED]
    if IS_TO_COMPILE and not missing_tool() and not find_spec("mypyc")
    else [],
    # A name for what the command puts in its place, so that other commands know of it.
    ext_modules=[Extension("gearman_tx.hot_path", COMPILED)] if IS_TO_COMPILE else [],
    cmdclass={"build_ext": BuildHotPath},
    extras_require={
        "blocking": BLOCKING,
        "cli": CLI,
        "import-mysql": IMPORT_MYSQL,
        "import-postgresql": IMPORT_POSTGRESQL,
        "import-redis": IMPORT_REDIS,
        "tls": TLS,
        "test": TEST,
        "bench": BENCH,
        "docs": DOCS,
        "lint": LINT,
        "all": [*BLOCKING, *CLI, *IMPORT, *TLS],
    },
    # twistd finds a plugin only where twisted/plugins/ lies on sys.path with no __init__.py beside
    # it. find_packages() looks for __init__.py files, so that package is listed by hand; and only
    # with an explicit package_dir does an editable install put this folder itself on sys.path,
    # where twistd sees the plugin.
    packages=[*find_packages(include=["gearman_tx", "gearman_tx.*"]), "twisted.plugins"],
    package_dir={"": "."},
    package_data={"gearman_tx": ["py.typed"], "gearman_tx.store.sqlite.schema": ["*.sql"]},
    zip_safe=False,
    entry_points={
        "console_scripts": ["gearman-tx = gearman_tx.cli.main:main"],
        "pytest11": ["gearman_tx = gearman_tx.testing.pytest_plugin"],
    },
)
