"""Packaging metadata of gearman-tx; pyproject.toml holds only the settings of tools."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path

from setuptools import Extension, find_packages, setup

HERE = Path(__file__).parent
PYPROJECT = tomllib.loads((HERE / "pyproject.toml").read_text(encoding="utf-8"))
BUILD = PYPROJECT["build-system"]["requires"]
COMPILER = PYPROJECT["dependency-groups"]["compile"]


def read_version() -> str:
    """Return the version written in gearman_tx/_version.py, without importing the package."""
    text = (HERE / "gearman_tx" / "_version.py").read_text(encoding="utf-8")
    found = re.search(r'^__version__ = "([^"]+)"$', text, re.MULTILINE)
    if found is None:
        message = 'gearman_tx/_version.py holds no line like __version__ = "1.2.3"'
        raise RuntimeError(message)
    return found.group(1)


def hot_path() -> list[Extension]:
    """Return the modules of building/hot_path.txt for the C compiler, if it is asked for.

    building/backend.py asks for it, and so does ``GEARMAN_TX_COMPILE=1 python setup.py build_ext
    --inplace``, which needs the dependency group ``compile`` installed.
    """
    if os.environ.get("GEARMAN_TX_COMPILE") != "1":
        return []
    from mypyc.build import mypycify  # noqa: PLC0415  # installed only where it compiles

    lines = (HERE / "building" / "hot_path.txt").read_text(encoding="utf-8").splitlines()
    modules = [line for line in lines if line and not line.startswith("#")]
    return mypycify(modules, opt_level="3", debug_level="0")


REQUIRED = [
    "attrs>=23.2",
    "mypy_extensions>=1.0",  # one mark for the compiler; it does nothing uncompiled
    "twisted>=24.11",
    "typing_extensions>=4.4",  # Twisted needs these two itself; our code imports them as well
    "zope.interface>=5",
]

TLS = [
    "pyopenssl>=24.3",  # the first that takes the objects of cryptography, and warns of its own
    "twisted[tls]>=24.11",
]

CLI = [
    "click>=8.2",
    "rich>=13.7",
]

IMPORT_MYSQL = ["PyMySQL[rsa]>=1.1"]  # rsa: without it MySQL 8 refuses its default passwords
IMPORT_POSTGRESQL = ["psycopg[binary]>=3.2"]
IMPORT_REDIS = ["redis>=5"]
MSGPACK = ["msgpack>=1.1"]
ALL = [*CLI, *IMPORT_MYSQL, *IMPORT_POSTGRESQL, *IMPORT_REDIS, *MSGPACK, *TLS]

WEB = [  # what the page on web frameworks shows
    "django>=4.2",
    "fastapi>=0.100",
    "flask>=2.3",
    "gunicorn>=21",
    "uvicorn>=0.23",
]

TEST = [
    "coverage[toml]>=7.10",  # 7.10 measures the servers that tests start as processes
    "crochet>=2.1",  # a program may have it run the reactor
    "docutils>=0.20",  # tables of the benchmarks are read with it
    "gear>=0.16",  # a peer: OpenStack's Python client and worker
    "hypothesis>=6.100",
    "pillow>=10",  # the tutorial resizes images
    "prometheus-client>=0.20",  # reads what `gearman-tx metrics` prints
    "pygearman>=0.2.6",  # a peer: the Python 3 fork of the classic client
    "pytest>=8.2",
    "pytest-cov>=6",
    "pytest-timeout>=2.3",
    "pytest-xdist>=3.8",
    *BUILD,  # the build is tested
    *ALL,
    *WEB,
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
    "sphinx-copybutton>=0.5.2",
    "sphinx-design>=0.6",
    "sphinxcontrib-towncrier>=0.5.0a0",  # the changes since the last version
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
    license_expression="MIT",
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
        "Programming Language :: Python :: 3.14",
        "Topic :: System :: Clustering",
        "Topic :: System :: Distributed Computing",
        "Topic :: System :: Networking",
        "Typing :: Typed",
    ],
    python_requires=">=3.11",
    install_requires=REQUIRED,
    ext_modules=hot_path(),
    extras_require={
        "cli": CLI,
        "import-mysql": IMPORT_MYSQL,
        "import-postgresql": IMPORT_POSTGRESQL,
        "import-redis": IMPORT_REDIS,
        "msgpack": MSGPACK,
        "tls": TLS,
        "all": ALL,
        "test": TEST,
        "bench": BENCH,
        "docs": DOCS,
        "lint": LINT,
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
