"""Find out whether a queue file is on a network file system, by the kernel's list of mounts.

SQLite relies on file locks, and its write-ahead log on memory that is shared through a file. Few
network file systems have both, and some only pretend to have them.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

MOUNTS: Final = Path("/proc/self/mountinfo")
"""The list of mounts, see proc(5); only Linux has it."""

NETWORK_TYPES: Final = frozenset(
    {
        "9p",
        "afs",
        "beegfs",
        "ceph",
        "cifs",
        "coda",
        "davfs",
        "fuse.ceph",
        "fuse.ceph-fuse",
        "fuse.gcsfuse",
        "fuse.glusterfs",
        "fuse.juicefs",
        "fuse.mfs",
        "fuse.rclone",
        "fuse.s3fs",
        "fuse.sshfs",
        "fuse.vmhgfs-fuse",
        "glusterfs",
        "gpfs",
        "lustre",
        "ncpfs",
        "nfs",
        "nfs4",
        "orangefs",
        "smb3",
        "smbfs",
        "vboxsf",
    }
)
"""The types of file systems whose files are on another machine."""

_ESCAPED: Final = re.compile(rb"\\([0-7]{3})")


def network_warning(path: Path, mounts: Path | None = None) -> str:
    """Return a warning if the file at ``path`` is on a network file system, or an empty text.

    Args:
        path: the file, without symbolic links; it need not exist.
        mounts: the list of mounts, None for :data:`MOUNTS`.
    """
    try:
        lines = (mounts or MOUNTS).read_bytes().splitlines()
    except OSError:
        return ""
    place, kind = Path("/"), ""
    for line in lines:
        mount, found = _parse(line)
        # Of several mounts in one place the last one is seen.
        if path.is_relative_to(mount) and mount.is_relative_to(place):
            place, kind = mount, found
    if kind not in NETWORK_TYPES:
        return ""
    return (
        f"{path} is on the network file system {place} (type {kind}), where SQLite's locks and its "
        "log do not work reliably: jobs may be lost; keep the queue file on a local disk"
    )


def _parse(line: bytes) -> tuple[Path, str]:
    """Return the place and the type of a mount."""
    mount, _, source = line.partition(b" - ")
    place = mount.split(b" ")[4]
    path = _ESCAPED.sub(lambda found: bytes([int(found[1], 8)]), place)
    return Path(path.decode(errors="surrogateescape")), source.split(b" ")[0].decode()
