"""What kind of file system a folder lies on, as far as the operating system tells."""

from __future__ import annotations

from pathlib import Path

__all__ = ["is_network_folder"]

NETWORK = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "9p", "afs", "ceph", "fuse.glusterfs", "lustre"}
)
MOUNTS = Path("/proc/self/mounts")


def is_network_folder(folder: Path) -> bool:
    """Whether a folder lies on a network file system; False where the system does not say (not Linux)."""
    try:
        lines = MOUNTS.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return str(folder).startswith("\\\\")
    place = folder.resolve()
    best, kind = 0, ""
    for line in lines:
        _, mount, found, *_ = (*line.split(), "", "", "")
        mounted = Path(mount.replace("\\040", " "))
        if (mounted == place or mounted in place.parents) and len(mounted.parts) >= best:
            best, kind = len(mounted.parts), found
    return kind in NETWORK
