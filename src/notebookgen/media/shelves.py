"""A whole file, put under the name of its content: written beside its place, moved there, and on the disk when that is said.

``folder/ab/abcd….png``: the name is the hash of the bytes, so that whoever finds it can tell whether it is whole.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import secrets
import shutil
import sys
from pathlib import Path

from notebookgen.sniff import HEAD
from notebookgen.transport.parts import said_plainly

__all__ = ["is_whole", "moved", "placed", "summary", "touched", "written"]

BLOCK = 1024 * 1024
# Linux's file systems bring a file's new name to the disk with its bytes: a wait less. What a power cut leaves half
# written under that name stands in no ledger, and is told by its hash.
NAME_FOLLOWS = sys.platform == "linux"
NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)


def placed(folder: Path, data: bytes, digest: str, suffix: str) -> str:
    """Write bytes to their place, and return it when the disk has them under their name.

    Raises:
        NotWritable: The disk is full, or the folder may not be written.
    """
    path = f"{folder.absolute()}{os.sep}{digest[:2]}{os.sep}{digest}{suffix}"
    with said_plainly(folder):
        if there := found(path, len(data), digest):
            return there
        if NAME_FOLLOWS:
            _write(path, data, moves=True)
            return path
    return moved(folder, written(folder, data, digest), digest, len(data), suffix)


def written(folder: Path, data: bytes, digest: str) -> Path:
    """Write to a temporary file beside its place, and return it: a name that moves within one folder holds up no other.

    Raises:
        NotWritable: The disk is full, or the folder may not be written.
    """
    with said_plainly(folder):
        return Path(_write(str(folder / digest[:2] / digest), data))


def _write(path: str, data: bytes, *, moves: bool = False) -> str:
    """Write to a temporary file beside a place; return where it is.

    Args:
        path: The place, absolute. Names are texts here: taking paths apart and together costs as much as the disk.
        data: The bytes.
        moves: Whether it moves to its place and is synced while it is open: opening it once more would cost as much.
    """
    shelf = path[: path.rindex(os.sep)]
    part = f"{shelf}{os.sep}{secrets.token_hex(8)}.part"
    try:
        file = os.open(part, NEW_FILE, 0o666)  # with the rights that the user's own files get
    except FileNotFoundError:  # the first one there
        Path(shelf).mkdir(parents=True, exist_ok=True)
        file = os.open(part, NEW_FILE, 0o666)
    try:
        done = os.write(file, data)
        while done < len(data):
            done += os.write(file, memoryview(data)[done:])
        if moves:
            os.replace(part, path)  # noqa: PTH105 - see above
            sync(file, path)
    except BaseException:
        Path(part).unlink(missing_ok=True)
        raise
    finally:
        os.close(file)
    return path if moves else part


def moved(folder: Path, part: Path, digest: str, size: int, suffix: str) -> str:
    """Move a file to its place, and return when the disk has it under its name.

    Raises:
        NotWritable: The disk is full, or the folder may not be written.
    """
    shelf = folder / digest[:2]
    path = shelf / f"{digest}{suffix}"
    with said_plainly(folder):
        if there := found(path, size, digest):
            part.unlink(missing_ok=True)
            return there
        if part.parent != shelf:
            shelf.mkdir(parents=True, exist_ok=True)
        if not NAME_FOLLOWS:
            sync_file(part)
        try:
            part.replace(path)
        except OSError as error:
            if is_whole(path, size, digest):  # somebody was faster, and on Windows holds it open
                part.unlink(missing_ok=True)
                return str(path.absolute())
            if error.errno != errno.EXDEV:
                raise
            copied = shelf / f"{secrets.token_hex(8)}.part"  # it was downloaded to another disk
            try:
                shutil.copyfile(part, copied)
                sync_file(copied)
                copied.replace(path)
            finally:
                copied.unlink(missing_ok=True)
                part.unlink(missing_ok=True)
        if NAME_FOLLOWS:
            sync_file(path, path)
        else:
            sync_folder(shelf)
    return str(path.absolute())


def is_whole(path: Path | str, size: int, digest: str | None) -> bool:
    """Whether a file is there with that length and, if given, that hash."""
    try:
        return os.stat(path).st_size == size and (digest is None or summary(Path(path))[0] == digest)  # noqa: PTH116 - for texts
    except OSError:
        return False


def found(path: Path | str, size: int, digest: str) -> str | None:
    """Return where a file is that is there already, whole, once the disk has it, too; None where it is not.

    Whoever wrote it may still be at it, or was killed before the disk had it. Where the disk does not take it, it stays:
    others may have it in their ledger.
    """
    if not is_whole(path, size, digest):
        return None
    try:
        if NAME_FOLLOWS:
            handle = os.open(path, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
        else:
            sync_folder(Path(path).parent)  # its bytes were there before its name
    except FileNotFoundError:  # somebody made room just now
        return None
    return touched(path)


def touched(path: Path | str) -> str:
    """Say on a file that it is needed again, for whoever makes room just now; return where it is."""
    with contextlib.suppress(OSError):  # somebody else's, or a folder that may only be read
        os.utime(path)
    return str(Path(path).absolute())


def summary(path: Path) -> tuple[str, int, bytes]:
    """Return a file's hash, its length and its first bytes."""
    digest, size, head = hashlib.sha256(), 0, b""
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            head = head or block[:HEAD]
            digest.update(block)
            size += len(block)
    return digest.hexdigest(), size, head


def sync(file: int, placed: Path | str | None = None) -> None:
    """Make the bytes of an open file survive a power cut; where they do not, it goes from its place.

    Raises:
        OSError: The disk does not take them. The next look would find them whole in memory, and the disk may never.
    """
    try:
        os.fsync(file)
    except OSError:
        if placed is not None:
            Path(placed).unlink(missing_ok=True)
        raise


def sync_file(path: Path, placed: Path | None = None) -> None:
    """Make the bytes of a file survive a power cut, as ``sync`` does."""
    with path.open("rb+") as file:
        sync(file.fileno(), placed)


def sync_folder(folder: Path) -> None:
    """Make a new name in a folder survive a power cut, where the system can."""
    flag = getattr(os, "O_DIRECTORY", None)  # POSIX only; Windows does it by itself
    if flag is not None:
        handle = os.open(folder, os.O_RDONLY | flag)
        try:
            with contextlib.suppress(OSError):  # some network file systems know no such thing
                os.fsync(handle)
        finally:
            os.close(handle)
