"""The wheel carries the twistd plugin, the type marker and both commands.

It is built here as on a machine that has no C compiler. Where ``GEARMAN_TX_WHEEL`` names a wheel,
that one is tested: ``.ci/compiled`` names a compiled one.
"""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from gearman_tx import __version__
from tests.packaging.sources import ROOT, compiling_environment, copy_sources

PIP_SECONDS = 240
START_SECONDS = 30
GIVEN = os.environ.get("GEARMAN_TX_WHEEL")


def run(*command: str | Path, folder: Path, seconds: int = START_SECONDS, **variables: str) -> str:
    """Run ``command`` in ``folder`` with nothing of this checkout in sight; return its output."""
    done = subprocess.run(
        [str(word) for word in command],
        cwd=folder,
        env={**compiling_environment(), **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=seconds,
        check=False,
    )
    output = (done.stdout + done.stderr).decode(errors="replace")
    assert done.returncode == 0, f"{command} exited with {done.returncode}:\n{output}"
    return output


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Build the wheel from a copy of the sources, so that no old build folder leaks into it.

    Returns:
        the wheel, and what pip told about it.
    """
    if GIVEN:
        return Path(GIVEN), ""
    folder = tmp_path_factory.mktemp("wheel")
    tree = copy_sources(folder / "tree")
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check")
    words = (*pip, "wheel", "-v", "--no-deps", "-w", folder, tree)
    output = run(*words, folder=folder, seconds=PIP_SECONDS, CC="/nonexistent/cc")
    (wheel,) = folder.glob("*.whl")
    return wheel, output


@pytest.fixture(scope="session")
def wheel(built: tuple[Path, str]) -> Path:
    """Return the wheel that is tested."""
    return built[0]


@pytest.fixture(scope="session")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel with what it asks for into a new environment; return its bin folder."""
    folder = tmp_path_factory.mktemp("fresh") / "venv"
    run(sys.executable, "-m", "venv", folder, folder=folder.parent, seconds=PIP_SECONDS)
    pip = (folder / "bin" / "python", "-m", "pip", "--disable-pip-version-check")
    run(*pip, "install", wheel, folder=folder.parent, seconds=PIP_SECONDS)
    return folder / "bin"


@pytest.mark.skipif(bool(GIVEN), reason="the wheel was built by somebody else")
def test_without_a_compiler_pip_tells_and_goes_on(built: tuple[Path, str]) -> None:
    """``pip -v`` shows why the wheel is not compiled, once, and what would help."""
    wheel, output = built
    assert wheel.name.endswith("-py3-none-any.whl")
    assert output.count("gearman_tx is not compiled") == 1
    assert "no C compiler '/nonexistent/cc' (Debian: apt-get install gcc libc6-dev)" in output


def test_the_wheel_has_the_plugin_and_no_init_beside_it(wheel: Path) -> None:
    """Twistd finds the plugin of the wheel, and Twisted's own package is left alone."""
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if name.startswith("twisted/")]
    assert names == ["twisted/plugins/gearmand_plugin.py"]


def test_the_wheel_says_that_it_is_typed(wheel: Path) -> None:
    """Type checkers of users read our annotations because py.typed is in the wheel."""
    with zipfile.ZipFile(wheel) as archive:
        assert "gearman_tx/py.typed" in archive.namelist()


def test_the_wheel_has_every_file(wheel: Path) -> None:
    """No room is forgotten, nor what a room reads: the wheel holds each file of the package."""
    sources = {
        str(path.relative_to(ROOT))
        for suffix in ("py", "sql", "typed")
        for path in (ROOT / "gearman_tx").rglob(f"*.{suffix}")
    }
    with zipfile.ZipFile(wheel) as archive:
        assert sources <= set(archive.namelist())


def test_the_wheel_carries_the_version_and_the_licence(wheel: Path) -> None:
    """The metadata name the version of gearman_tx/_version.py and the MIT licence."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        metadata = archive.read(name).decode()
    assert f"\nVersion: {__version__}\n" in metadata
    assert "MIT" in metadata.split("\n\n", maxsplit=1)[0]


def test_twistd_gearmand_runs_from_the_wheel(environment: Path, tmp_path: Path) -> None:
    """In an empty folder, ``twistd gearmand --help`` lists the options of the server."""
    assert "--port" in run(environment / "twistd", "gearmand", "--help", folder=tmp_path)


def test_the_package_is_imported_from_the_wheel(environment: Path, tmp_path: Path) -> None:
    """``import gearman_tx`` in a fresh environment finds the installed package, not a checkout."""
    show = "import gearman_tx; print(gearman_tx.__version__, gearman_tx.__file__)"
    output = run(environment / "python", "-c", show, folder=tmp_path)
    assert output.startswith(f"{__version__} {environment.parent}")


def test_the_name_of_the_wheel_says_whether_it_is_compiled(
    wheel: Path, environment: Path, tmp_path: Path
) -> None:
    """A wheel for one kind of machine has the compiled modules, and they are what is imported."""
    show = "from gearman_tx.wire import IS_COMPILED; print(IS_COMPILED)"
    output = run(environment / "python", "-c", show, folder=tmp_path)
    assert output == f"{not wheel.name.endswith('-none-any.whl')}\n"


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("gearman-tx --version", f"gearman-tx {__version__} (BUILD)\n"),
        ("gearman-tx gearmand --version", f"\ngearmand {__version__} - gearman_tx (BUILD)\n"),
        ("twistd gearmand --version", f"gearmand {__version__} (gearman_tx, BUILD)\n"),
    ],
)
def test_every_version_says_whether_it_is_compiled(
    wheel: Path, environment: Path, tmp_path: Path, command: str, expected: str
) -> None:
    """Each command runs from the wheel; ``--version`` says how it was built."""
    program, *words = command.split()
    build = "not compiled" if wheel.name.endswith("-none-any.whl") else "compiled"
    output = run(environment / program, *words, folder=tmp_path)
    assert output == expected.replace("BUILD", build)


@pytest.fixture(scope="session")
def tester(environment: Path) -> Path:
    """Install pytest, and nothing else, beside the wheel; return the bin folder."""
    pip = (environment / "python", "-m", "pip", "--disable-pip-version-check")
    run(*pip, "install", "pytest", folder=environment, seconds=PIP_SECONDS)
    return environment


STAGE = """
from gearman_tx.testing import Stage
with Stage() as stage:
    worker = stage.worker()
    worker.register("reverse", lambda job: job.workload[::-1])
    stage.start(worker)
    print(stage.result(stage.client().submit("reverse", b"abc")))
"""


def test_the_stage_needs_no_pytest(environment: Path, tmp_path: Path) -> None:
    """``gearman_tx.testing`` works with what the wheel asks for."""
    assert run(environment / "python", "-c", STAGE, folder=tmp_path) == "b'cba'\n"


def test_pytest_finds_the_fixtures_of_the_wheel(tester: Path, tmp_path: Path) -> None:
    """With pytest alone installed, a test gets a real server by the name of a fixture."""
    code = "def test_it(gearman_server):\n    assert gearman_server.jobs() == []\n"
    (tmp_path / "test_it.py").write_text(code, encoding="utf-8")
    output = run(tester / "python", "-m", "pytest", "-W", "error", "-v", folder=tmp_path)
    assert "1 passed" in output
