"""Bringing what was committed to the disk, many commits at once: one wait for the disk in place of one for each.

In a write-ahead log commits stand one after the other, so that the file's own ``fsync`` covers all that came before it.
See https://www.sqlite.org/wal.html, "Performance Considerations", and https://www.sqlite.org/pragma.html#pragma_synchronous.
"""

from __future__ import annotations

import contextlib
import os
import threading
from typing import TYPE_CHECKING

from notebookgen.errors import NotWritable

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

__all__ = ["LogFile", "Syncing"]


class LogFile:
    """The write-ahead log of a ledger. Any thread may sync it while another one writes.

    SQLite takes no lock on this file, so that opening and closing it here sets none of its locks free.
    """

    def __init__(self, ledger: Path) -> None:
        """Belong to a ledger file."""
        self._path = ledger.with_name(f"{ledger.name}-wal")
        self._lock = threading.Lock()
        self._file: int | None = None
        self._inode: tuple[int, int] | None = None

    def sync(self) -> None:
        """Return once everything committed before this call survives a power cut.

        Raises:
            NotWritable: The disk does not take it: nobody knows what of it is there.
        """
        try:
            with self._lock:
                os.fsync(self._opened())
        except OSError as error:
            message = (
                f"the disk of {self._path.parent} does not take what is written ({error.strerror}), so nothing new is"
                " sent. Look at it, or give another home folder: ng.configure(home='...') or NOTEBOOKGEN_HOME."
            )
            raise NotWritable(message) from error

    def close(self) -> None:
        """Let go of the file, so that SQLite may delete it."""
        with self._lock:
            self._let_go()

    def _opened(self) -> int:
        """Return the file, kept open: what went wrong with it in between is told to who had it open then."""
        found = self._path.stat()
        if self._file is None or self._inode != (found.st_dev, found.st_ino):
            self._let_go()
            self._file = os.open(self._path, os.O_RDWR | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0))
            self._inode = (found.st_dev, found.st_ino)
        return self._file

    def _let_go(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            with contextlib.suppress(OSError):
                os.close(file)


class Syncing:
    """A ledger file whose commits may be brought to the disk later, and together."""

    path: Path
    _db: sqlite3.Connection
    _log: LogFile | None = None
    unsynced = False  # whether something was committed since the flag was taken down

    def put_off_syncs(self) -> None:
        """Let a commit return before the disk has it; ``sync`` then waits for all of them at once.

        Killing the process loses nothing of it, a power cut may. Without a write-ahead log nothing is put off.
        """
        if self._db.execute("PRAGMA journal_mode").fetchone()[0] == "wal":
            self._db.execute("PRAGMA synchronous = NORMAL")
            self._log = LogFile(self.path)

    @property
    def puts_off_syncs(self) -> bool:
        """Whether what is committed has to be synced."""
        return self._log is not None

    def sync(self) -> None:
        """Return once everything committed before this call survives a power cut; any thread may call it.

        Raises:
            NotWritable: The disk does not take it.
        """
        if self._log is not None:
            self._log.sync()

    def _close_log(self) -> None:
        """Bring to the disk what it takes, and let go of the log."""
        if self._log is not None:
            with contextlib.suppress(NotWritable):  # it was told to those who wait for it
                self._log.sync()
            self._log.close()
