"""What is compiled and what is not: the build backend as pip calls it, with a stand-in for mypyc.

The stand-in makes modules of a line of C, so that a build takes a second. ``.ci/compiled`` builds
with mypyc itself.
"""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest
from attrs import frozen

from tests.packaging.sources import COMPILE, copy_sources, user_environment
from tests.support.peers import require_peer, require_program

BUILD_SECONDS = 60
SUFFIX = ".so"
PURE = "py3-none-any.whl"
WARNING = "gearman_tx is not compiled: "

MYPYC = """
from pathlib import Path
from setuptools import Extension

def mypycify(paths, **options):
    assert "gearman_tx/wire/decoder.py" in paths
    found = sorted(Path(__file__).parent.glob("*.c"))
    if not found:
        raise SystemExit(1)
    return [Extension(f"gearman_tx.wire.{path.stem}", [str(path)]) for path in found]
"""
GOOD = "int good;\n"
BAD = "#error it does not compile\n"
HOOK = """
import sys
sys.path.insert(0, "building")
import backend
print(getattr(backend, sys.argv[1])(*sys.argv[2:]))
"""


@frozen
class Builder:
    """Builds the sources in ``tree``; the results go into ``dist`` beside it."""

    tree: Path
    mypyc: Path
    dist: Path

    def write(self, **sources: str) -> None:
        """Let the stand-in make these C sources of our modules, and no others."""
        for old in self.mypyc.glob("*.c"):
            old.unlink()
        for name, text in sources.items():
            (self.mypyc / f"{name}.c").write_text(text, encoding="utf-8")

    def run(self, *words: str, asked: str = "", fails: bool = False) -> str:
        """Run Python in the tree and return what it prints; ``asked`` is GEARMAN_TX_COMPILE."""
        done = subprocess.run(
            [sys.executable, *words],
            cwd=self.tree,
            env={**user_environment(), "PYTHONPATH": str(self.mypyc.parent), COMPILE: asked},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=BUILD_SECONDS,
            check=False,
            text=True,
        )
        assert (done.returncode != 0) == fails, done.stdout
        return done.stdout

    def fail(self, *, asked: str, first: str = "") -> str:
        """Build a wheel, which must fail, and return the output; arguments as :meth:`build`'s."""
        words = ("-c", f"{first}\n{HOOK}", "build_wheel", str(self.dist))
        return self.run(*words, asked=asked, fails=True)

    def build(
        self, hook: str = "build_wheel", *, asked: str = "", first: str = ""
    ) -> tuple[Path, str]:
        """Build as pip does, by a hook of the backend; return the file and the output.

        Args:
            hook: what to build.
            asked: the value of GEARMAN_TX_COMPILE; empty counts as unset.
            first: a line of Python for the same process, ahead of the hook.
        """
        output = self.run("-c", f"{first}\n{HOOK}", hook, str(self.dist), asked=asked)
        return self.dist / output.splitlines()[-1], output


@pytest.fixture
def builder(tmp_path: Path) -> Builder:
    """Lay out the sources, and a mypyc that makes one module of them."""
    for compiler in ("gcc", "cc"):  # Python's own word for it is one of them
        require_program(compiler, "apt-get install gcc libc6-dev")
    headers = Path(sysconfig.get_path("include", "posix_prefix"), "Python.h")
    require_peer(headers.exists(), str(headers), "apt-get install python3-dev")
    builder = Builder(copy_sources(tmp_path / "tree"), tmp_path / "mypyc", tmp_path / "dist")
    builder.mypyc.mkdir()
    (builder.mypyc / "__init__.py").touch()
    (builder.mypyc / "build.py").write_text(MYPYC, encoding="utf-8")
    builder.write(good=GOOD)
    return builder


def compiled(place: Path) -> list[str]:
    """Return the names of the compiled modules in a wheel or a folder."""
    if place.is_dir():
        names = [path.name for path in place.rglob(f"*{SUFFIX}")]
    else:
        with zipfile.ZipFile(place) as archive:
            names = [Path(name).name for name in archive.namelist() if name.endswith(SUFFIX)]
    return sorted(name.split(".")[0] for name in names)


def test_a_wheel_is_compiled(builder: Builder) -> None:
    """A wheel is compiled unasked; its name says that it is for this kind of machine only."""
    wheel, output = builder.build()
    assert compiled(wheel) == ["good"]
    assert "none-any" not in wheel.name
    assert WARNING not in output


def test_zero_switches_it_off(builder: Builder) -> None:
    """With GEARMAN_TX_COMPILE=0 the wheel is for every machine, and there is no warning."""
    wheel, output = builder.build(asked="0")
    assert compiled(wheel) == []
    assert wheel.name.endswith(PURE)
    assert WARNING not in output


@pytest.mark.parametrize(
    ("first", "cause"),
    [
        ("import os; os.environ['CC'] = '/nonexistent/cc'", "no C compiler '/nonexistent/cc'"),
        ("import os, sys; os.environ['PATH'] = sys.prefix", "no C compiler"),
        ("import sysconfig; sysconfig.get_path = lambda *_: '/nonexistent'", "no Python.h"),
        ("import sys; sys.implementation.name = 'pypy'", "this is pypy"),
        ("import sys; sys.modules['mypyc.build'] = None", "import of mypyc.build halted"),
    ],
)
def test_without_the_means_one_warning_tells_the_cause(
    builder: Builder, first: str, cause: str
) -> None:
    """The wheel is built all the same, for every machine; asked to compile, the build fails."""
    wheel, output = builder.build(first=first)
    assert wheel.name.endswith(PURE)
    assert output.count(WARNING) == 1
    assert cause in output
    assert compiled(wheel) == []
    output = builder.fail(first=first, asked="1")
    assert cause in output


@pytest.mark.parametrize("sources", [{"bad": BAD, "good": GOOD}, {"good": GOOD, "z": BAD}, {}])
def test_a_compiler_that_fails_leaves_nothing_behind(
    builder: Builder, sources: dict[str, str]
) -> None:
    """Half compiled is not compiled: what was made before the failure is not in the wheel."""
    builder.write(**sources)
    wheel, output = builder.build()
    assert wheel.name.endswith(PURE)
    assert compiled(wheel) == []
    assert output.count(WARNING) == 1
    builder.fail(asked="1")


def test_a_module_that_is_no_longer_compiled_leaves_the_wheel(builder: Builder) -> None:
    """What an earlier build left in the folder ``build`` would be imported before the sources."""
    builder.write(good=GOOD, old=GOOD)
    wheel, _ = builder.build()
    assert compiled(wheel) == ["good", "old"]
    builder.write(good=GOOD)
    wheel, _ = builder.build()
    assert compiled(wheel) == ["good"]


def test_an_editable_install_stays_uncompiled(builder: Builder) -> None:
    """Nothing is compiled beside sources that are edited, unless it is asked for."""
    wheel, output = builder.build("build_editable")
    assert compiled(builder.tree) == []
    assert wheel.name.endswith(PURE)
    assert WARNING not in output
    builder.build("build_editable", asked="1")
    assert compiled(builder.tree / "gearman_tx" / "wire") == ["good"]


@pytest.mark.parametrize("asked", ["", "1"])
def test_a_source_distribution_is_never_compiled(builder: Builder, asked: str) -> None:
    """It holds the sources and all that a build of them needs, whatever is asked for."""
    builder.write()  # mypyc would fail
    sdist, output = builder.build("build_sdist", asked=asked)
    assert sdist.name.endswith(".tar.gz")
    assert WARNING not in output


def test_setup_py_puts_the_modules_beside_the_sources(builder: Builder) -> None:
    """The benchmarks build in this way."""
    builder.run("setup.py", "-q", "build_ext", "--inplace", asked="1")
    assert compiled(builder.tree / "gearman_tx" / "wire") == ["good"]


@pytest.mark.parametrize(
    ("hook", "asked", "first", "asks"),
    [
        ("get_requires_for_build_wheel", "", "", True),
        ("get_requires_for_build_wheel", "", "os.environ['CC'] = '/nonexistent'", False),
        ("get_requires_for_build_wheel", "1", "os.environ['CC'] = '/nonexistent'", True),
        ("get_requires_for_build_wheel", "0", "", False),
        ("get_requires_for_build_editable", "", "", False),
        ("get_requires_for_build_editable", "1", "", True),
        ("get_requires_for_build_sdist", "1", "", False),
    ],
)
def test_pip_is_asked_for_mypyc_where_it_is_of_use(
    builder: Builder, hook: str, asked: str, first: str, *, asks: bool
) -> None:
    """Nothing is downloaded for compiling where nothing will be compiled."""
    output = builder.run("-c", f"import os; {first}\n{HOOK}", hook, asked=asked)
    assert ("mypy>=" in output) == asks


def test_another_value_is_an_error(builder: Builder) -> None:
    """A variable that means nothing is not taken for a yes or a no."""
    output = builder.fail(asked="yes")
    assert "GEARMAN_TX_COMPILE is 0, 1 or not set; it is 'yes'" in output
