"""What a folder is good for: what kind of file system it lies on, as far as the system tells, and whether it can be written."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from notebookgen.errors import InvalidCall

__all__ = ["at_home", "is_network_folder", "said_of", "why_not_writable"]

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


def said_of(error: OSError | ValueError) -> str:
    """Return why a place cannot be used, in the system's words; a name may be none that a file system can hold."""
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return "its name cannot be written on this machine"


def at_home(path: str | os.PathLike[str]) -> Path:
    """Return a place as a person writes it; ``~`` is their home.

    Raises:
        InvalidCall: It is the home of somebody whom this machine does not know.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError:
        message = f"{os.fspath(path)}: this machine knows no home of that name. Nothing was sent or written. Write the path out."
        raise InvalidCall(message) from None


def why_not_writable(folder: Path) -> str:
    """Return why a folder cannot be made or written, in the system's words; empty where it can. Nothing is left behind."""
    made = [one for one in (folder, *folder.parents) if not one.exists()]
    probe = folder / f".probe-{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"")
        probe.unlink()
    except (OSError, ValueError) as error:
        return said_of(error)
    finally:
        for one in made:
            with contextlib.suppress(OSError, ValueError):  # another kernel may have begun to use it just now
                one.rmdir()
    return ""
