"""A small file beside the ledger in which the kernels of this machine share what their accounts allow, and have used.

It holds nothing that is worth anything in a minute but what was learned, so nothing in it waits for the disk, and
whoever finds it broken begins a new one. Its moments are those of the machine's own clock that only goes forward, which
is the same for all programs; those of an earlier start of the machine count for nothing.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from pathlib import Path
from typing import TYPE_CHECKING

from notebookgen.ledger.forking import Guarded

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["FILE_NAME", "PaceFile", "Sends", "this_start"]

FILE_NAME = "pace.sqlite"
SHAPE = 1
TOO_NEW = "a newer notebookgen wrote it"
BUSY_SECONDS = 0.5  # nobody holds it for longer than a moment
FUTURE = 60.0  # seconds; what was sent later than that was not sent by this clock
SAME_START = 120.0  # seconds by which two programs may differ about when the machine was started
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
TABLES = """
CREATE TABLE IF NOT EXISTS sends (
    key      INTEGER PRIMARY KEY,
    realm    TEXT NOT NULL,
    start    TEXT NOT NULL,     -- of the machine
    sent     REAL NOT NULL,
    arrived  REAL NOT NULL,     -- at the latest
    look     INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS sends_arrived ON sends (realm, start, arrived, look);
CREATE INDEX IF NOT EXISTS sends_sent ON sends (realm, start, sent);
CREATE TABLE IF NOT EXISTS accounts (
    realm    TEXT PRIMARY KEY,
    start    TEXT NOT NULL,
    known    TEXT NOT NULL      -- JSON
) STRICT;
"""


def this_start() -> str:
    """Return what tells this start of the machine from others."""
    try:
        return BOOT_ID.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return f"at {time.time() - time.monotonic():.0f}"


class PaceFile:
    """The file, opened; one for each process, used by one thread at a time (who has the lock)."""

    def __init__(self, home: Path, *, start: str | None = None) -> None:
        """Open or begin it.

        Args:
            home: The home folder, which exists.
            start: What tells this start of the machine from others.

        Raises:
            sqlite3.Error: It cannot be used.
        """
        self.path = home / FILE_NAME
        self.process = os.getpid()
        try:
            self._db = self._open()
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):  # held, not to be written, no room: it is as it should be
                raise
            self._away()  # it is none, or damaged
            self._db = self._open()
        self._guard = Guarded(self._db, rank=2)
        self.start = self._known_start(start or this_start())
        self._do("DELETE FROM sends WHERE start <> ?", self.start)

    def _open(self) -> sqlite3.Connection:
        """Open the file and make its tables; a log of changes is of no use here, and not for network folders."""
        database = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            database.execute("PRAGMA synchronous = OFF")
            database.execute("PRAGMA journal_mode = PERSIST")
            (shape,) = database.execute("PRAGMA user_version").fetchone()
            if shape > SHAPE:
                raise sqlite3.OperationalError(TOO_NEW)  # noqa: TRY301 - closed like all that cannot be used
            if shape < SHAPE:
                for statement in filter(str.strip, TABLES.split(";")):
                    database.execute(statement)
                database.execute(f"PRAGMA user_version = {SHAPE}")
            database.execute("SELECT count(*) FROM accounts").fetchone()
        except BaseException:
            database.close()
            raise
        return database

    def _away(self) -> None:
        """Make room for a new file; where the old one cannot be removed, opening says so."""
        for path in (self.path, self.path.with_name(f"{FILE_NAME}-journal")):
            with contextlib.suppress(OSError):
                path.unlink()

    def _known_start(self, mine: str) -> str:
        """Return how this start of the machine is written here: two clocks say it a little differently."""
        if not mine.startswith("at "):
            return mine
        for (theirs,) in self._do("SELECT DISTINCT start FROM accounts"):
            if theirs.startswith("at ") and abs(float(theirs[3:]) - float(mine[3:])) < SAME_START:
                return str(theirs)
        return mine

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        """Have the file to oneself, over all kernels.

        Raises:
            sqlite3.Error: It cannot be used; nothing in it was changed.
        """
        with self._guard.lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def _do(self, sql: str, *values: object) -> list[tuple[str, ...]]:
        with self._guard.lock:
            return self._db.execute(sql, values).fetchall()

    def read(self, realm: str) -> tuple[str | None, bool]:
        """Return what is known of an account, and whether its moments are of this start of the machine."""
        row = self._db.execute("SELECT known, start FROM accounts WHERE realm = ?", (realm,)).fetchone()
        return (row[0], row[1] == self.start) if row else (None, True)

    def write(self, realm: str, known: str) -> None:
        """Keep what is known of an account."""
        self._db.execute("INSERT OR REPLACE INTO accounts VALUES (?, ?, ?)", (realm, self.start, known))

    def sends(self, realm: str) -> Sends:
        """Return the requests of an account."""
        return Sends(self._db, realm, self.start)

    def close(self) -> None:
        """Close it; in a forked process it is left to the parent, whose it is."""
        if self.process == os.getpid():
            self._db.close()


class Sends:
    """The requests of one account, of all kernels."""

    def __init__(self, database: sqlite3.Connection, realm: str, start: str) -> None:
        self._db = database
        self._of = (realm, start)

    def _number(self, sql: str, *values: float) -> float | None:
        row = self._db.execute(sql, (*self._of, *values)).fetchone()
        return None if row is None else row[0]

    def count(self, after: float, *, looks: bool = False) -> int:
        """Return how many may have arrived after a moment; with ``looks`` only those that ask how a job stands."""
        only = " AND look = 1" if looks else ""
        sql = f"SELECT count(*) FROM sends WHERE realm = ? AND start = ? AND arrived > ?{only}"  # noqa: S608 - a constant
        return int(self._number(sql, after) or 0)

    def nth(self, after: float, skip: int) -> float:
        """Return when, at the latest, the one arrived that is left when ``skip`` of these are gone; the last one at most."""
        sql = (
            "SELECT arrived FROM sends WHERE realm = ? AND start = ? AND arrived > ? ORDER BY arrived LIMIT 1 OFFSET ?"
        )
        found = self._number(sql, after, skip)
        if found is None:
            found = self._number("SELECT max(arrived) FROM sends WHERE realm = ? AND start = ?")
        return after if found is None else found

    def sent_before(self, newest: int) -> float | None:
        """Return when the one was sent that has ``newest - 1`` sent after it; None where there are not so many."""
        sql = "SELECT sent FROM sends WHERE realm = ? AND start = ? ORDER BY sent DESC LIMIT 1 OFFSET ?"
        return self._number(sql, newest - 1)

    def last(self) -> float:
        """Return when the last one was sent; a moment long gone where there is none."""
        found = self._number("SELECT max(sent) FROM sends WHERE realm = ? AND start = ?")
        return float("-inf") if found is None else found

    def add(self, sent: float, arrived: float, *, look: bool) -> int:
        """Write one down and return its key."""
        cursor = self._db.execute(
            "INSERT INTO sends (realm, start, sent, arrived, look) VALUES (?, ?, ?, ?, ?)",
            (*self._of, sent, arrived, int(look)),
        )
        return int(cursor.lastrowid or 0)

    def change(self, key: int, sent: float, arrived: float) -> None:
        """Say anew when one was sent, and has arrived at the latest."""
        self._db.execute("UPDATE sends SET sent = ?, arrived = ? WHERE key = ?", (sent, arrived, key))

    def remove(self, key: int) -> None:
        """Forget one that does not count."""
        self._db.execute("DELETE FROM sends WHERE key = ?", (key,))

    def forget(self, before: float) -> None:
        """Forget those that have arrived before a moment."""
        self._db.execute("DELETE FROM sends WHERE realm = ? AND start = ? AND arrived < ?", (*self._of, before))

    def forget_after(self, now: float) -> None:
        """Forget what would be sent in a future that cannot be: a clock was put back, or the file comes from elsewhere."""
        self._db.execute("DELETE FROM sends WHERE realm = ? AND start = ? AND sent > ?", (*self._of, now + FUTURE))
