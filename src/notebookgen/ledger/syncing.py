"""Bringing what was committed to the disk, many commits at once: one wait for the disk in place of one for each.

In a write-ahead log commits stand one after the other, so that the file's own ``fsync`` covers all that came before it.
See https://www.sqlite.org/wal.html, "Performance Considerations", and https://www.sqlite.org/pragma.html#pragma_synchronous.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
import threading
from typing import TYPE_CHECKING

from notebookgen.errors import NotWritable

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["LogFile", "Syncing"]

MEND_MILLISECONDS = 500  # nobody reads the ledger for longer than a moment


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
        self.torn = False  # a sync has failed: what it was to bring to the disk may never get there by a later one

    def sync(self) -> None:
        """Return once everything committed before this call survives a power cut.

        Raises:
            NotWritable: The disk does not take it: nobody knows what of it is there.
        """
        try:
            with self._lock:
                if self.torn:
                    raise OSError(errno.EIO, os.strerror(errno.EIO))  # noqa: TRY301 - as the disk has said it
                os.fsync(self._opened())
        except OSError as error:
            self.torn = True
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

    def mend_log(self) -> None:
        """Trust the log again after a sync has failed, once all of it stands in the ledger file itself.

        A system tells of a failed write once, and takes what it held for written: a later sync of the same file ends
        well, and says nothing of what was to be written before. Called by the thread that commits, outside of a
        transaction; where it cannot be done just now, every sync fails until it can.
        """
        if self._log is None or not self._log.torn:
            return
        try:
            (before,) = self._db.execute("PRAGMA busy_timeout").fetchone()
            self._db.execute(f"PRAGMA busy_timeout = {MEND_MILLISECONDS}")
            try:
                busy = self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            finally:
                self._db.execute(f"PRAGMA busy_timeout = {before}")
        except sqlite3.Error:
            return
        if not busy:
            self._log.torn = False

    def _close_log(self) -> None:
        """Bring to the disk what it takes, and let go of the log."""
        if self._log is not None:
            with contextlib.suppress(NotWritable):  # it was told to those who wait for it
                self._log.sync()
            self._log.close()
