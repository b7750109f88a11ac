"""The how-to page about testing: its files, side by side in a folder, pass under pytest."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.docs.blocks import read_block, runs
from tests.packaging.sources import user_environment

PAGE = "docs/how-to/test-your-code.rst"
TESTS = {
    "test_texts.py": 2,
    "test_time.py": 2,
    "test_program.py": 1,
    "test_trouble.py": 3,
    "test_real.py": 1,
}
SECONDS = 60


@runs(PAGE, "texts.py", *TESTS)
def test_the_files_of_the_page_pass(tmp_path: Path) -> None:
    """A user who saves the blocks under their names and types ``pytest`` sees them pass."""
    for name in ("texts.py", *TESTS):
        (tmp_path / name).write_text(read_block(PAGE, name), encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider"]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env=user_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=SECONDS,
        check=False,
        text=True,
    )
    assert f"{sum(TESTS.values())} passed" in done.stdout, done.stdout + done.stderr
