"""Queue files, copies and recovered files on network file systems."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path

import pytest

from gearman_tx.store import StoreError, backup, recover
from gearman_tx.store.sqlite.network_disk import network_warning
from tests.store.files import queue_file, stored
from tests.store.records import records
from tests.store.test_salvage import make

MOUNTS = """\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
23 22 0:21 / /proc rw,nosuid shared:2 - proc proc rw
30 22 0:40 / /srv rw,relatime shared:3 - nfs4 files:/srv rw,vers=4.2
31 30 8:2 / /srv/local rw,relatime - xfs /dev/sdb1 rw
32 22 0:41 / /mnt/my\\040files rw master:4 propagate_from:2 - fuse.sshfs me@files: rw
33 22 0:42 / /covered rw - nfs files:/old rw
34 22 0:43 / /covered rw - ext4 /dev/sdc1 rw
"""


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("/var/lib/queue", ""),
        ("/srv/queue", "/srv (type nfs4)"),
        ("/srv/gearman/queue", "/srv (type nfs4)"),
        ("/srv2/queue", ""),
        ("/srv/local/queue", ""),
        ("/mnt/my files/queue", "/mnt/my files (type fuse.sshfs)"),
        ("/covered/queue", ""),
    ],
)
def test_the_type_of_the_file_system(tmp_path: Path, path: str, place: str) -> None:
    """That of the innermost mount counts, and of several in one place that of the last."""
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTS)
    warning = network_warning(Path(path), mounts)
    assert bool(warning) == bool(place)
    assert place in warning


def test_a_system_without_a_list_of_mounts(tmp_path: Path) -> None:
    """There is no warning."""
    assert network_warning(Path("/srv/queue"), tmp_path / "mountinfo") == ""


def test_a_queue_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The operator is warned at each start, also if the path is a symbolic link."""
    mounts, folder = tmp_path / "mountinfo", tmp_path / "files"
    folder.mkdir()
    mounts.write_text(f"{MOUNTS}40 22 0:50 / {folder} rw - nfs files:/ rw\n")
    monkeypatch.setattr("gearman_tx.store.sqlite.network_disk.MOUNTS", mounts)
    link = tmp_path / "link"
    link.symlink_to(folder)
    for _ in range(2):
        file = queue_file(link / "queue.sqlite3")
        (notice,) = file.open().notices
        file.close()
        text = f"{folder}/queue.sqlite3 is on the network file system {folder} (type nfs), where"
        assert notice.startswith(text)
    file = queue_file(tmp_path / "queue.sqlite3")
    assert list(file.open().notices) == []
    file.close()


@pytest.fixture
def _no_links(monkeypatch: pytest.MonkeyPatch) -> None:
    """Be a file system without hard links, as cifs and sshfs are."""

    def refuse(self: Path, target: Path) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted", str(target), None, str(self))

    monkeypatch.setattr(Path, "hardlink_to", refuse)


@pytest.mark.usefixtures("_no_links")
def test_copies_where_there_are_no_hard_links(tmp_path: Path) -> None:
    """A copy and a recovered file get their names, and never those of other files."""
    path = tmp_path / "queue.sqlite3"
    make(path, records(range(1, 4)))
    copies: tuple[Callable[[Path, Path], object], ...] = (backup, recover)
    for number, copy in enumerate(copies):
        target = tmp_path / f"copy-{number}"
        copy(path, target)
        assert stored(target) == [1, 2, 3]
        before = target.read_bytes()
        with pytest.raises(StoreError, match="there is such a file already"):
            copy(path, target)
        assert target.read_bytes() == before
    assert list(tmp_path.glob("*.partial*")) == []
