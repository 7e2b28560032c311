"""How many intents a second reach the disk: in groups of 1, 16 and 50, in an empty run and in one of many rows.

Each intent is what the engine does for one: reservation, budget, cap, row, usual duration; each group is one
transaction that is synced to the disk. For comparison, the disk's own pace: a bare transaction of one small row.
Run it with ``python benchmarks/ledger_intents.py [--rows 100000] [--seconds 3]``.
"""

from __future__ import annotations

import argparse
import sqlite3
import tempfile
import time
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from report import Found, Table

from notebookgen.jobs.budget import parse_budget
from notebookgen.jobs.reserving import over_budget, reservation
from notebookgen.ledger.rows import realm_text, to_nano
from notebookgen.ledger.store import FILE_NAME, Store
from notebookgen.records import Cost, Generation, Realm
from notebookgen.settings import Cap

REALM = Realm("armox", "0" * 12)
PRICE = Cost(Decimal(70), "credits", "listed")
GROUPS = (1, 16, 50)


def intend(store: Store, number: int, budget: Any, first: int) -> None:
    """Do all that is done for one intent."""
    generation = Generation(REALM, "google/x", f"prompt {number}", {}, kind="image")
    lane = SimpleNamespace(provider=SimpleNamespace(unit="credits"))
    ticket: Any = SimpleNamespace(generation=generation, run="r", budget=budget, lane=lane)
    store.last_attempt(generation.id)
    store.newer_creates(realm_text(REALM))
    reserved = reservation(store, generation, PRICE)
    assert over_budget(store, ticket, reserved) is None
    store.remember(generation, 1)
    at = time.time_ns() // 1000
    key = store.add_intent(
        generation,
        run="r",
        realm=realm_text(REALM),
        kernel="k",
        at=at,
        unit="credits",
        reserved=to_nano(reserved.amount),
    )
    # What was sent before has long been answered: ten seconds of jobs are under way.
    if key - first > 100:
        store.update(key - 100, state="saved", charged=to_nano(PRICE.amount), basis="reported", seconds=3.0)


def filled(home: Path, rows: int) -> None:
    """Write a run of so many rows that are paid for, without waiting for the disk."""
    store = Store(home)
    store.begin_run("r", at=1, kernel="k", notebook=None, tag=None)
    store.set_caps("armox", [Cap(Decimal(10**9), "credits", "month")], 1)
    store.close()
    database = sqlite3.connect(home / FILE_NAME, isolation_level=None)
    database.execute("PRAGMA synchronous = OFF")
    database.execute("BEGIN")
    ids = [f"{n:032x}" for n in range(rows)]
    shape = "0" * 32
    database.executemany(
        f"INSERT INTO generations VALUES ({', '.join('?' * 13)})",  # noqa: S608 - only question marks are formatted
        ((one, one, 0, shape, "armox", REALM.account, 0, "google/x", "image", one, "{}", "[]", 1) for one in ids),
    )
    database.executemany(
        """INSERT INTO attempts (generation, number, run, realm, state, kernel, at, job, unit, reserved, charged, basis,
           seconds, model, shape, day) VALUES (?, 1, 'r', ?, 'saved', 'k', 1, ?, 'credits', 9, 9, 'reported', 3.5, 'google/x',
           ?, 0)""",
        ((one, realm_text(REALM), one, shape) for one in ids),
    )
    database.execute("COMMIT")
    database.close()


def pace(home: Path, group: int, seconds: float, first: int, rows: int) -> float:
    """Return intents a second."""
    store, budget, number = Store(home), parse_budget(10**8), first
    began = time.perf_counter()
    while time.perf_counter() - began < seconds:
        with store.transaction():
            for _ in range(group):
                intend(store, number, budget, rows)
                number += 1
    store.close()
    return (number - first) / (time.perf_counter() - began)


def bare(home: Path, seconds: float) -> float:
    """Return small transactions a second, each synced to the disk."""
    database = sqlite3.connect(home / "bare.sqlite", isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    database.execute("CREATE TABLE t (x INTEGER)")
    began, count = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        database.execute("INSERT INTO t VALUES (1)")
        count += 1
    database.close()
    return count / (time.perf_counter() - began)


def measure(*, quick: bool = False, rows: int = 100_000, seconds: float = 3.0) -> Found:
    """Measure groups in an empty ledger and in a full one; with ``quick``, a tenth of it."""
    rows, seconds, lines = (rows // 10, 0.5, []) if quick else (rows, seconds, [])
    with tempfile.TemporaryDirectory() as folder:
        disk = bare(Path(folder), seconds)
        for count in (0, rows):
            home = Path(folder, f"home-{count}")
            filled(home, count)
            for place, group in enumerate(GROUPS):
                each = pace(home, group, seconds, (place + 1) * 10**8, count)
                lines.append((f"{count:,}", f"{group}", f"{each:.0f}", f"{each / disk:.1f}"))
    head = ("rows in the run", "in a group", "intents a second", "to the disk's own pace")
    note = f"The disk's own pace: {disk:.0f} small transactions a second, each synced."
    return Found([Table("Intents that reach the disk", head, lines, note)])


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=3.0)
    options = parser.parse_args()
    measure(rows=options.rows, seconds=options.seconds).show()


if __name__ == "__main__":
    main()
