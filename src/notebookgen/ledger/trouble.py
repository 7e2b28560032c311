"""SQLite's errors in our words: what is wrong with the ledger's file, that nothing was lost, what to do."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from typing import TYPE_CHECKING, NoReturn

from notebookgen.errors import LedgerError, NotWritable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["BUSY_SECONDS", "is_busy", "retell", "translated"]

BUSY_SECONDS = 30.0
LEAST_ROOM = 64 * 1024  # bytes: the index of a write-ahead log needs half of that


def is_busy(error: sqlite3.Error) -> bool:
    """Whether somebody else holds the file, which passes."""
    code: int = getattr(error, "sqlite_errorcode", 0)  # an error of the module itself has none
    return code & 0xFF == sqlite3.SQLITE_BUSY  # the low byte is the error, the rest says more of it


@contextlib.contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into ours: what is wrong, that nothing was lost, what to do."""
    try:
        yield
    except sqlite3.Error as error:
        retell(path, error)


def retell(path: Path, error: sqlite3.Error) -> NoReturn:
    """Raise an error of SQLite's in our words; one that only a bug can cause stays what it is.

    Raises:
        NotWritable: The disk is full, or the file may not be written.
        LedgerError: It is held, damaged, or cannot be used just now.
    """
    words = str(error)
    if "full" in words or ("I/O" in words and not _room(path.parent)):
        message = f"the disk of {path.parent} is full, so nothing new is sent. Free some room and run again."
        raise NotWritable(message) from error
    if "readonly" in words or "unable to open" in words:
        message = (
            f"the ledger {path} cannot be written ({words}), so nothing was sent.\n"
            "Give another home folder: ng.configure(home='...') or NOTEBOOKGEN_HOME."
        )
        raise NotWritable(message) from error
    if "locked" in words or "busy" in words:
        message = f"another program has held the ledger {path} for {BUSY_SECONDS:.0f} s. Close it and run again."
        raise LedgerError(message) from error
    if "not a database" in words or "malformed" in words:
        message = (
            f"the ledger {path} is damaged ({words}). Nothing was sent and the file was left as it is.\n"
            "Put a copy back from a backup, or move the file away to begin a new one."
        )
        raise LedgerError(message) from error
    if isinstance(error, sqlite3.OperationalError):  # an I/O error, a quota: it may pass
        message = f"the ledger {path} cannot be used just now ({words}). Look at its disk."
        raise LedgerError(message) from error
    raise error


def _room(folder: Path) -> bool:
    """Whether there is room on a folder's disk: SQLite calls a full one an I/O error, where it cannot grow its index."""
    try:
        return shutil.disk_usage(folder).free >= LEAST_ROOM
    except OSError:
        return True
