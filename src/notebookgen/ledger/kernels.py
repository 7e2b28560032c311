"""Which kernels are alive: each holds an operating-system lock on a file of its own for as long as it lives.

A lock, not a heartbeat: a laptop that sleeps for a night is not dead, and a killed process is dead at once.
"""

from __future__ import annotations

import os
import platform
import sys
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

from notebookgen.errors import NotWritable

if TYPE_CHECKING:
    from typing import BinaryIO

__all__ = ["FOLDER", "KernelLock", "is_alive"]

FOLDER = "kernels"  # in the home folder

if sys.platform == "win32":
    import msvcrt

    def _lock(file: BinaryIO) -> bool:
        """Take the lock without waiting; False where another process has it."""
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
else:
    import fcntl

    def _lock(file: BinaryIO) -> bool:
        """Take the lock without waiting; False where another process has it.

        ``flock`` and not ``lockf``: the latter is per process, so that asking about ourselves would free it.
        """
        try:
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True


def is_alive(folder: Path, kernel: str) -> bool:
    """Whether the process behind an id still lives, or may, this one among them. A dead one's file is cleared away."""
    path = folder / f"{Path(kernel).name}.lock"
    try:
        with path.open("r+b") as file:
            if not _lock(file):
                return True
    except FileNotFoundError:
        return False
    except OSError:  # no right to open it, too many files open: it may live, and what it buys is not taken over
        return True
    path.unlink(missing_ok=True)
    return False


class KernelLock:
    """This process's lock, and the question whether another process still holds its own."""

    def __init__(self, folder: Path) -> None:
        """Take a lock in ``folder``.

        Raises:
            NotWritable: The folder cannot be written.
        """
        self._folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self.id, self._path, self._file = self._take()
        except OSError as error:
            message = (
                f"{folder} cannot be written: {error.strerror}. Nothing was sent.\n"
                f"Give another home folder: ng.configure(home='...') or NOTEBOOKGEN_HOME."
            )
            raise NotWritable(message) from error
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._file.close)  # a forked child must not keep the lock alive

    def _take(self) -> tuple[str, Path, BinaryIO]:
        """Make a lock file and lock it.

        Another kernel that looks between the two steps takes the file for a dead one's and clears it away; then
        there is nothing to be seen of us, so a second file is made.
        """
        while True:
            name = uuid.uuid4().hex
            path = self._folder / f"{name}.lock"
            file = path.open("w+b")
            if not _lock(file):
                file.close()
                message = "the file system has no locks"
                raise OSError(0, message)
            if path.exists():
                # The first byte is what is locked, and cannot be read by others everywhere.
                file.write(f"\n{os.getpid()} {platform.node()}".encode())
                file.flush()
                return name, path, file
            file.close()

    def words(self, kernel: str) -> str:
        """Return which process a kernel is, as a person finds it; empty where nobody has written it down."""
        try:
            with (self._folder / f"{Path(kernel).name}.lock").open("rb", buffering=0) as file:
                file.seek(1)
                number, _, machine = file.read(1000).decode(errors="replace").partition(" ")
        except OSError:
            return ""
        return f"process {number}{f' on {machine}' if machine != platform.node() else ''}" if number else ""

    def alive(self, kernel: str) -> bool:
        """Whether the process behind that id still lives, or may. A dead one's file is cleared away."""
        return kernel == self.id or is_alive(self._folder, kernel)

    def release(self) -> None:
        """Give the lock back."""
        self._file.close()
        self._path.unlink(missing_ok=True)
