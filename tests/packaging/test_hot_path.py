"""The list of compiled modules and the compiler's requirements agree with the rest."""

from __future__ import annotations

import importlib.metadata
import tomllib

from packaging.requirements import Requirement

from tests.packaging.sources import ROOT

NOT_COMPILED_IN_CORE = {"__init__.py", "events.py", "policy.py", "records.py"}


def listed() -> list[str]:
    """Return the paths in ``building/hot_path.txt``."""
    lines = (ROOT / "building" / "hot_path.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def test_every_listed_module_is_there_once() -> None:
    """The list names no module twice and none that was moved or deleted."""
    paths = listed()
    assert len(paths) == len(set(paths))
    assert [path for path in paths if not (ROOT / path).is_file()] == []


def test_the_whole_core_is_listed() -> None:
    """A new module of the core is on a packet's path until the comment in the list says why not."""
    core = ROOT / "gearman_tx" / "core"
    found = {path.name for path in core.glob("*.py")} - NOT_COMPILED_IN_CORE
    folder = "gearman_tx/core/"
    assert found == {path.removeprefix(folder) for path in listed() if path.startswith(folder)}


def test_the_compiler_is_given_what_the_package_imports() -> None:
    """The compiler, which reads the types, has each run-time requirement with the same floor."""
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    compiler = {
        requirement.name.lower(): {str(bound) for bound in requirement.specifier}
        for requirement in map(Requirement, pyproject["dependency-groups"]["compile"])
    }
    required = importlib.metadata.requires("gearman-tx") or []
    for requirement in map(Requirement, required):
        if requirement.marker is None:
            bounds = {str(bound) for bound in requirement.specifier}
            assert bounds <= compiler[requirement.name.lower()], requirement
    assert "<" in "".join(compiler["mypy"])
