"""Opening a ledger file for looking only: nothing is written, and nothing needs to be writable."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from notebookgen.ledger.schema import check_shape
from notebookgen.ledger.trouble import BUSY_SECONDS, is_busy

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["open_to_read"]


def open_to_read(path: Path, timeout: float = BUSY_SECONDS) -> sqlite3.Connection:
    """Open a ledger file; every statement that writes fails.

    Args:
        path: The file.
        timeout: Seconds to wait for whoever holds it.

    Raises:
        LedgerTooNew: A newer notebookgen wrote it.
        sqlite3.Error: It is no ledger, or cannot be read.
    """
    try:
        return _opened(path, "mode=ro", timeout)
    except sqlite3.OperationalError as error:
        if is_busy(error):  # read as it lies, a file that is being written would lack what is not yet copied into it
            raise
        # WAL needs shared memory beside the file, which cannot be made in a folder without room or rights to write.
        # Nobody writes there, then, so the file can be read as it lies. See https://www.sqlite.org/wal.html#readonly
        return _opened(path, "mode=ro&immutable=1", timeout)


def _opened(path: Path, how: str, timeout: float) -> sqlite3.Connection:
    """Open it and look whether it can be read."""
    database = sqlite3.connect(f"{path.absolute().as_uri()}?{how}", uri=True, timeout=timeout)
    try:
        check_shape(database, path)
    except BaseException:
        database.close()
        raise
    return database
