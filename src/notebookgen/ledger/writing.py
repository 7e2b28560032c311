"""Opening a ledger file for writing: its journal, how durable a commit is, its newest shape."""

from __future__ import annotations

import sqlite3
import time
from typing import TYPE_CHECKING

from notebookgen.ledger.filesystem import is_network_folder
from notebookgen.ledger.schema import check_shape, migrate
from notebookgen.ledger.trouble import BUSY_SECONDS, is_busy

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["open_to_write"]


def open_to_write(path: Path) -> sqlite3.Connection:
    """Open (or begin) a ledger file; a commit there survives the kill of the process and of the machine.

    Raises:
        LedgerTooNew: A newer notebookgen wrote it; it is left as it is.
        sqlite3.Error: It is no ledger, cannot be written, or somebody held it for too long.
    """
    database = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
    try:
        database.row_factory = sqlite3.Row
        check_shape(database, path)  # before a mode is set: a newer version's file is left as it is
        # WAL keeps its index in shared memory, which a network file system does not share.
        _set_journal(database, "delete" if is_network_folder(path.parent) else "wal")
        database.execute("PRAGMA synchronous = FULL")
        database.execute("PRAGMA foreign_keys = ON")
        migrate(database, path)
    except BaseException:
        database.close()
        raise
    return database


def _set_journal(database: sqlite3.Connection, mode: str) -> None:
    """Choose how changes are written, waiting for whoever is in the middle of one.

    SQLite does not wait here by itself where another program begins the same file at the same moment (both would hold
    a lock that the other one waits for): it answers that the file is busy. An empty transaction waits its turn.
    """
    until = time.monotonic() + BUSY_SECONDS
    while database.execute("PRAGMA journal_mode").fetchone()[0] != mode:
        try:
            database.execute(f"PRAGMA journal_mode = {mode}")
        except sqlite3.OperationalError as error:
            if not is_busy(error) or time.monotonic() >= until:
                raise
            database.execute("BEGIN IMMEDIATE")
            database.execute("ROLLBACK")
