"""The how-to page about testing: its files, side by side in a folder, pass under pytest."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.docs.python_blocks import count_blocks, read_blocks
from tests.packaging.sources import user_environment

PAGE = "how-to/test-your-code.rst"
TESTS = {
    "test_texts.py": 2,
    "test_time.py": 2,
    "test_program.py": 1,
    "test_trouble.py": 3,
    "test_real.py": 1,
}
SECONDS = 60


def test_no_block_escapes() -> None:
    """Each block of the page names its file, and they are these."""
    blocks = read_blocks(PAGE)
    assert len(blocks) == count_blocks(PAGE)
    assert set(blocks) == {"texts.py", *TESTS}


def test_the_files_of_the_page_pass(tmp_path: Path) -> None:
    """A user who saves the blocks under their names and types ``pytest`` sees them pass."""
    for name, code in read_blocks(PAGE).items():
        (tmp_path / name).write_text(code, encoding="utf-8")
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
