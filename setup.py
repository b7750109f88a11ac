"""Packaging metadata of gearman-tx; pyproject.toml holds only the settings of tools."""

from __future__ import annotations

import os
import re
from importlib.util import find_spec
from pathlib import Path

from setuptools import Extension, find_packages, setup

HERE = Path(__file__).parent


def read_version() -> str:
    """Return the version written in gearman_tx/_version.py, without importing the package."""
    text = (HERE / "gearman_tx" / "_version.py").read_text(encoding="utf-8")
    found = re.search(r'^__version__ = "([^"]+)"$', text, re.MULTILINE)
    if found is None:
        message = 'gearman_tx/_version.py holds no line like __version__ = "1.2.3"'
        raise RuntimeError(message)
    return found.group(1)


COMPILE = os.environ.get("GEARMAN_TX_COMPILE", "") not in {"", "0"}
"""Whether to compile what is on the path of every packet, which needs a C compiler."""

COMPILED = [
    "gearman_tx/daemon/collector.py",
    *("gearman_tx/wire/" + name for name in ("compiled.py", "decoder.py", "encoder.py")),
    *(
        str(path.relative_to(HERE))
        for path in sorted((HERE / "gearman_tx" / "core").glob("*.py"))
        # Values of attrs, which the compiler does not know, and ports, which hold no code.
        if path.name not in {"__init__.py", "events.py", "policy.py", "records.py", "snapshots.py"}
    ),
    *(
        "gearman_tx/link/" + name
        for name in (
            "backlog.py",
            "input.py",
            "output.py",
            "socket_set.py",
            "turn.py",
        )
    ),
    *(
        "gearman_tx/server/" + name
        for name in (
            "arguments.py",
            "caller.py",
            "client_side.py",
            "deadline_timer.py",
            "worker_side.py",
        )
    ),
]
"""The modules that mypyc compiles; each of them runs uncompiled as well."""


HAS_COMPILER = find_spec("mypyc") is not None


def extension_modules() -> list[Extension]:
    """Return the compiled modules to build: none, unless they are asked for."""
    if not (COMPILE and HAS_COMPILER):
        return []  # without the compiler pip only asks what the build needs, and is told below
    from mypyc.build import mypycify  # noqa: PLC0415  # there only when it is asked for

    extensions: list[Extension] = mypycify(COMPILED, opt_level="3", debug_level="0")
    return extensions


REQUIRED = [
    "attrs>=23.2",
    "mypy_extensions>=1.0",  # one mark for the compiler; it does nothing uncompiled
    "twisted>=24.11",
    "typing_extensions>=4.4",  # Twisted needs these two itself; our code imports them as well
    "zope.interface>=5",
]

COMPILER = ["mypy>=2.4", "mypy-zope>=1.0.17"]

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
    # What it imports is there too, so that the compiler knows its types.
    setup_requires=[*COMPILER, *REQUIRED] if COMPILE and not HAS_COMPILER else [],
    ext_modules=extension_modules(),
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
    package_data={"gearman_tx": ["py.typed"], "gearman_tx.store.schema": ["*.sql"]},
    zip_safe=False,
    entry_points={
        "console_scripts": ["gearman-tx = gearman_tx.cli.main:main"],
        "pytest11": ["gearman_tx = gearman_tx.testing.pytest_plugin"],
    },
)
