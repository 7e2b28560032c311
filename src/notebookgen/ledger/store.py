"""The ledger file: every write there is, each a transaction. One thread owns a ``Store``; readers open their own.

A committed intent survives the kill of the process and of the machine; where syncing is put off, from ``sync`` on.
Reserved and spent are sums over rows, never counters, so that no crash can leak one.
"""

from __future__ import annotations

import contextlib
import sqlite3
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from notebookgen.errors import LedgerError, NotWritable
from notebookgen.ledger.asking import Asking
from notebookgen.ledger.forking import Guarded
from notebookgen.ledger.reading import open_to_read
from notebookgen.ledger.rows import (
    AttemptRow,
    asset_from,
    asset_values,
    day_of,
    generation_from,
    generation_values,
    to_nano,
)
from notebookgen.ledger.schema import VERSION, check_shape
from notebookgen.ledger.sums import OPEN_STATES
from notebookgen.ledger.syncing import Syncing
from notebookgen.ledger.trouble import retell, translated
from notebookgen.ledger.writing import open_to_write

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from notebookgen.records import Asset, Generation
    from notebookgen.settings import Cap

__all__ = ["FILE_NAME", "Store"]

FILE_NAME = "ledger.sqlite"
FEWEST_DIGITS = 4
MOST_REMEMBERED = 4096  # generations
NOTHING: dict[str, Any] = dict.fromkeys(one.name for one in fields(AttemptRow))  # a row of which nothing is known
# A sample that was handed to a caller, or has failed for good: ``fresh`` does not take it.
USED = """((a.state = 'failed' AND a.retryable = 0) OR (a.state = 'saved' AND EXISTS (
    SELECT 1 FROM run_rows w JOIN runs r ON r.id = w.run WHERE w.generation = g.id AND r.delivered IS NOT NULL)))"""


class Store(Asking, Syncing):
    """The ledger file, opened for writing by one thread."""

    def __init__(self, home: Path) -> None:
        """Open (or begin) the ledger in ``home`` and bring it to the newest shape.

        Raises:
            NotWritable: The folder or the file cannot be written.
            LedgerTooNew: A newer notebookgen wrote it.
            LedgerError: It is no ledger, or damaged.
        """
        self.home = home
        self.path = home / FILE_NAME
        try:
            home.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            message = (
                f"{home} cannot be made: {error.strerror}. Nothing was sent.\n"
                "Give another home folder: ng.configure(home='...') or NOTEBOOKGEN_HOME."
            )
            raise NotWritable(message) from error
        with translated(self.path):
            self._db = open_to_write(self.path)
        self._guard = Guarded(self._db)
        super().__init__(self._db)

    @classmethod
    def to_read(cls, home: Path) -> Store | None:
        """Open the ledger in ``home`` for looking only, also where nothing can be written; None where it cannot be read."""
        store = cls.__new__(cls)
        store.home, store.path = home, home / FILE_NAME
        try:
            database = open_to_read(store.path)
        except (sqlite3.Error, LedgerError):
            return None
        if check_shape(database, store.path) != VERSION:  # an older one's columns may be others
            database.close()
            return None
        store._guard = Guarded(database)  # noqa: SLF001 - its own class
        Asking.__init__(store, database)
        database.row_factory = sqlite3.Row
        return store

    def close(self) -> None:
        """Close the file; what was committed is on the disk then, as far as that takes it."""
        self._close_log()
        self._db.close()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Make all that happens inside one transaction; nested ones join the outer one."""
        if self._db.in_transaction:
            yield
            return
        with self._guard.lock, translated(self.path):
            self._db.execute("BEGIN IMMEDIATE")
            self._checked = False
            try:
                yield
                self._db.execute("COMMIT")
                self.unsynced = True
            except BaseException:
                # A commit that fails leaves its transaction open, and a full disk may have ended it already.
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                self._forget()
                raise

    def _one(self, sql: str, *values: object) -> sqlite3.Row | None:
        try:
            with self._guard.lock:
                row: sqlite3.Row | None = self._db.execute(sql, values).fetchone()
        except sqlite3.Error as error:
            retell(self.path, error)
        return row

    def _all(self, sql: str, *values: object) -> list[sqlite3.Row]:
        try:
            with self._guard.lock:
                return self._db.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            retell(self.path, error)

    def _do(self, sql: str, *values: object) -> int:
        self.unsynced = True
        try:
            with self._guard.lock:
                return self._db.execute(sql, values).rowcount
        except sqlite3.Error as error:
            retell(self.path, error)

    # Runs --------------------------------------------------------------------------------------------------------

    def begin_run(
        self,
        run: str,
        *,
        at: int,
        kernel: str,
        notebook: str | None,
        tag: str | None,
        budget: str | None = None,
        total: int | None = None,
        barred: int = 0,
    ) -> None:
        """Write down that a run begins: its budget as it was said, how many rows it has, and how many are never sent."""
        self._do(
            """INSERT INTO runs (id, at, kernel, notebook, tag, budget, total, barred)
               VALUES (?, ?, ?, ?, ?, ?, ?, ?)""",
            run, at, kernel, notebook, tag, budget, total, barred,
        )  # fmt: skip

    def end_run(self, run: str, at: int, *, delivered: bool = False) -> None:
        """Write down that a run has nothing more to do, and whether all of it was handed to whoever asked for it."""
        self._do("UPDATE runs SET ended = ?, delivered = ? WHERE id = ?", at, at if delivered else None, run)

    def add_rows(self, run: str, rows: Iterable[tuple[int, int, str | None]]) -> None:
        """Write down which generation stands at which (position, sample) of a run."""
        with self.transaction():
            self._db.executemany(
                "INSERT OR REPLACE INTO run_rows (run, position, sample, generation) VALUES (?, ?, ?, ?)",
                ((run, *row) for row in rows),
            )

    # Generations -------------------------------------------------------------------------------------------------

    def remember(self, generation: Generation, at: int) -> None:
        """Write down what is asked for, once."""
        if generation.id in self._remembered:
            return
        values = generation_values(generation, at)
        self._do(f"INSERT OR IGNORE INTO generations VALUES ({', '.join('?' * len(values))})", *values)  # noqa: S608 - only question marks are formatted
        if len(self._remembered) >= MOST_REMEMBERED:
            self._remembered.clear()
        self._remembered.add(generation.id)

    def generation(self, id: str) -> Generation | None:
        """Return what was asked for under that id."""
        row = self._one("SELECT * FROM generations WHERE id = ?", id)
        return generation_from(row) if row else None

    def ids_like(self, prefix: str) -> list[str]:
        """Return the ids that begin with ``prefix``: at least four hexadecimal digits, as people copy them."""
        if len(prefix) < FEWEST_DIGITS or not set(prefix) <= set("0123456789abcdef"):
            return []
        return [row["id"] for row in self._all("SELECT id FROM generations WHERE id LIKE ?", f"{prefix}%")]

    def unused_samples(self, content: str, count: int, claimed: Collection[int] = ()) -> list[int]:
        """Return the first sample indices of a content that were neither handed to a caller nor failed for good.

        What was begun, and also what was saved after its caller had gone, is unused: a stopped or killed ``fresh`` that
        is run again takes up the sample it had begun, and buys nothing twice.

        Args:
            content: What is asked for.
            count: How many.
            claimed: Indices that somebody waits for just now.
        """
        rows = self._all(
            f"""SELECT DISTINCT g.sample FROM generations g JOIN attempts a ON a.generation = g.id
                WHERE g.content = ? AND {USED}""",  # noqa: S608 - a constant
            content,
        )
        used = {row["sample"] for row in rows}.union(claimed)
        return [sample for sample in range(len(used) + count) if sample not in used][:count]

    # Attempts ----------------------------------------------------------------------------------------------------

    def last_attempt(self, generation: str) -> AttemptRow | None:
        """Return the newest attempt to buy a generation."""
        self._known()
        if generation in self._new:
            return None
        row = self._one("SELECT * FROM attempts WHERE generation = ? ORDER BY number DESC LIMIT 1", generation)
        return AttemptRow(*row) if row else None

    def look_up(self, generations: Sequence[str]) -> None:
        """Find out together which of some generations nobody has ever tried to buy, so that each need not be asked for."""
        self._known()
        if len(self._new) >= MOST_REMEMBERED:
            self._new.clear()
        marks = ", ".join("?" * len(generations))
        tried = self._all(f"SELECT DISTINCT generation FROM attempts WHERE generation IN ({marks})", *generations)  # noqa: S608 - only question marks are formatted
        self._new.update(set(generations).difference(row["generation"] for row in tried))

    def attempt(self, key: int) -> AttemptRow | None:
        """Return one attempt."""
        row = self._one("SELECT * FROM attempts WHERE key = ?", key)
        return AttemptRow(*row) if row else None

    def open_attempts(self) -> list[AttemptRow]:
        """Return the attempts that somebody must look after, oldest first."""
        return [
            AttemptRow(*row)
            for row in self._all(f"SELECT * FROM attempts WHERE state IN {OPEN_STATES} ORDER BY key")  # noqa: S608 - a constant
        ]

    def open_like(self, what: str) -> list[AttemptRow]:
        """Return the open attempts of a run's rows, whoever bought them, or of the generations whose ids begin so."""
        meant = self.generations_of(what) | set(self.ids_like(what))
        return [row for row in self.open_attempts() if row.run == what or row.generation in meant]

    def add_intent(
        self,
        generation: Generation,
        *,
        run: str,
        realm: str,
        kernel: str,
        at: int,
        unit: str | None,
        reserved: int | None,
        instead: int | None = None,
    ) -> int:
        """Write down the intent to buy, as a new attempt, and return its key; ``instead`` is what was written off for it."""
        self._known()
        last = None
        if generation.id not in self._new:
            last = self._one("SELECT max(number) FROM attempts WHERE generation = ?", generation.id)
        columns: dict[str, Any] = {
            "generation": generation.id, "number": ((last[0] or 0) if last else 0) + 1, "run": run, "realm": realm,
            "state": "intent", "kernel": kernel, "at": at, "unit": unit, "reserved": reserved, "basis": "unknown",
            "model": generation.model, "shape": generation.shape, "day": day_of(at), "instead": instead,
        }  # fmt: skip
        marks = ", ".join("?" * len(columns))
        with translated(self.path):
            cursor = self._db.execute(
                f"INSERT INTO attempts ({', '.join(columns)}) VALUES ({marks})",  # noqa: S608 - names of our own columns
                tuple(columns.values()),
            )
        self._new.discard(generation.id)
        row = AttemptRow(**NOTHING | columns | {"key": int(cursor.lastrowid or 0)})
        self._added(row)
        return row.key

    def update(self, key: int, old: str | None = None, /, **columns: Any) -> bool:
        """Change columns of an attempt; with ``old``, only while it is still in that state.

        Returns:
            Whether it was: False means that another kernel has moved it meanwhile.
        """
        if "at" in columns:
            columns["day"] = day_of(columns["at"])
        before = self._before(key, columns)
        names = ", ".join(f"{name} = ?" for name in columns)
        sql = f"UPDATE attempts SET {names} WHERE key = ?" + (" AND state = ?" if old else "")  # noqa: S608 - names of our own columns
        if self._do(sql, *columns.values(), key, *([old] if old else [])) != 1:
            return False
        if before is not None:
            self._changed(before, columns)
        return True

    def put_back(self, row: AttemptRow, key: int, *, kept: bool) -> None:
        """Make an attempt that was written off the newest one again, as it was; part of the transaction of whoever asks.

        Args:
            row: The attempt as it was.
            key: The attempt that was to take its place, which has ended.
            kept: Whether that one is kept, as the one before it: it left this machine.
        """
        columns = {"state": row.state, "charged": row.charged, "basis": row.basis, "ended": row.ended}
        self.update(row.key, None, **columns, error=row.error, retryable=row.retryable)
        if not kept:
            self._do("DELETE FROM attempts WHERE key = ?", key)
            self._forget()
            return
        later = self._one("SELECT number FROM attempts WHERE key = ?", key)
        for one, number in ((key, -1), (row.key, later[0] if later else row.number), (key, row.number)):
            self._do("UPDATE attempts SET number = ? WHERE key = ?", number, one)

    def take_over(self, key: int, old: str, new: str) -> bool:
        """Make ``new`` the kernel that looks after an attempt; False where another was quicker."""
        return self._do("UPDATE attempts SET kernel = ? WHERE key = ? AND kernel = ?", new, key, old) == 1

    # Caps and balances -------------------------------------------------------------------------------------------

    def set_caps(self, provider: str | None, caps: Iterable[Cap], at: int) -> None:
        """Keep other caps for a provider (or for ``all``); none takes them back, and of None those of everybody.

        Args:
            provider: For whom.
            caps: Each with its unit.
            at: Now, in microseconds.
        """
        with self.transaction():
            self._do("DELETE FROM caps WHERE provider = ?1 OR ?1 IS NULL", provider)
            for cap in caps:
                self._do(
                    "INSERT INTO caps (provider, unit, per, amount, at) VALUES (?, ?, ?, ?, ?)",
                    provider, cap.unit, cap.per, to_nano(cap.amount), at,
                )  # fmt: skip
            self._forget()

    def last_balance(self, realm: str) -> tuple[int, str, int] | None:
        """Return when an account's balance was last seen, in which unit, and the amount in nano-units."""
        row = self._one("SELECT at, unit, amount FROM balances WHERE realm = ? ORDER BY at DESC LIMIT 1", realm)
        return (row["at"], row["unit"], row["amount"]) if row else None

    def saw_balance(self, realm: str, unit: str, amount: int, at: int) -> None:
        """Write down a balance that was seen, in nano-units."""
        self._do(
            "INSERT OR REPLACE INTO balances (realm, at, unit, amount) VALUES (?, ?, ?, ?)", realm, at, unit, amount
        )

    # Assets ------------------------------------------------------------------------------------------------------

    def keep_assets(self, attempt: int, assets: Mapping[int, Asset]) -> None:
        """Write down the files of an attempt by their places; their paths are kept relative to the home folder."""
        with self.transaction():
            self._do("DELETE FROM assets WHERE attempt = ?", attempt)
            for position, asset in sorted(assets.items()):
                attempt_key, place, path, *rest = asset_values(attempt, position, asset)
                relative = Path(path).relative_to(self.home).as_posix()
                values = (attempt_key, place, relative, *rest)
                self._do(f"INSERT INTO assets VALUES ({', '.join('?' * len(values))})", *values)  # noqa: S608 - only question marks are formatted

    def placed_assets(self, attempt: int) -> dict[int, Asset]:
        """Return the files of an attempt by their places among its outputs; a place is free where a file never came."""
        rows = self._all("SELECT * FROM assets WHERE attempt = ? ORDER BY position", attempt)
        return {row["position"]: asset_from(row, f"{self.home}/") for row in rows}

    def assets(self, attempt: int) -> tuple[Asset, ...]:
        """Return the files of an attempt, in the order of their places."""
        return tuple(self.placed_assets(attempt).values())
