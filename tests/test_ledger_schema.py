"""The shape of the ledger file: made in one transaction, brought up to date once, refused when it is newer."""

from __future__ import annotations

import sqlite3
import threading
from typing import TYPE_CHECKING

import pytest

from notebookgen.errors import LedgerTooNew
from notebookgen.ledger import schema
from notebookgen.ledger.schema import MIGRATIONS, VERSION, migrate
from notebookgen.ledger.store import FILE_NAME, Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TABLES = ["assets", "attempts", "generations", "run_rows", "runs"]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """An empty file, open."""
    connection = sqlite3.connect(tmp_path / "x.sqlite", isolation_level=None, timeout=30)
    yield connection
    connection.close()


def tables(database: sqlite3.Connection) -> list[str]:
    rows = database.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
    return [name for (name,) in rows]


def version(database: sqlite3.Connection) -> int:
    found: int = database.execute("PRAGMA user_version").fetchone()[0]
    return found


def test_an_empty_file_gets_the_newest_shape(database: sqlite3.Connection, tmp_path: Path) -> None:
    """All tables are strict, and the number of the shape is written down; doing it again changes nothing."""
    migrate(database, tmp_path)
    first = database.execute("SELECT sql FROM sqlite_master ORDER BY name").fetchall()
    migrate(database, tmp_path)

    assert TABLES == tables(database)
    assert VERSION == version(database) == len(MIGRATIONS)
    assert first == database.execute("SELECT sql FROM sqlite_master ORDER BY name").fetchall()
    assert all("STRICT" in sql for (sql,) in first if sql and sql.startswith("CREATE TABLE"))


def test_a_newer_file_is_refused_and_left_alone(home: Path) -> None:
    """The message names the file and what to type; not a byte of the file changes."""
    home.mkdir()
    database = sqlite3.connect(home / FILE_NAME)
    database.execute("CREATE TABLE future (x)")
    database.execute(f"PRAGMA user_version = {VERSION + 1}")
    database.commit()
    database.close()
    # the ledger opens every file in WAL mode first, so that is how a newer one is found, too
    with sqlite3.connect(home / FILE_NAME) as database:
        database.execute("PRAGMA journal_mode = WAL")
    database.close()
    before = (home / FILE_NAME).read_bytes()

    with pytest.raises(LedgerTooNew, match="pip install --upgrade notebookgen") as caught:
        Store(home)

    assert FILE_NAME in str(caught.value)
    assert before == (home / FILE_NAME).read_bytes()


def test_a_step_that_breaks_leaves_the_old_shape(
    database: sqlite3.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A migration and its number are one: the second step's error takes the second step back, whole."""
    migrate(database, tmp_path)
    broken = "CREATE TABLE more (x INTEGER) STRICT; CREATE TABLE runs (y INTEGER) STRICT;"
    monkeypatch.setattr(schema, "MIGRATIONS", (*MIGRATIONS, broken))
    monkeypatch.setattr(schema, "VERSION", VERSION + 1)

    with pytest.raises(sqlite3.OperationalError, match="already exists"):
        migrate(database, tmp_path)

    assert (TABLES, VERSION, False) == (tables(database), version(database), database.in_transaction)


def test_a_later_step_keeps_what_is_there(
    database: sqlite3.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An old file gets only the steps it lacks, and keeps its rows."""
    migrate(database, tmp_path)
    database.execute("INSERT INTO runs (id, at, kernel) VALUES ('r', 1, 'k')")
    monkeypatch.setattr(schema, "MIGRATIONS", (*MIGRATIONS, "ALTER TABLE runs ADD COLUMN note TEXT; -- a word"))
    monkeypatch.setattr(schema, "VERSION", VERSION + 1)
    migrate(database, tmp_path)

    assert VERSION + 1 == version(database)
    assert [("r", None)] == database.execute("SELECT id, note FROM runs").fetchall()


def test_kernels_that_begin_at_once_make_one_ledger(home: Path) -> None:
    """Eight openings of a file that is not there yet: every one succeeds, on one shape."""
    gate, stores, errors = threading.Barrier(8), list[int](), list[BaseException]()

    def begin() -> None:
        gate.wait(30)
        try:
            store = Store(home)
            stores.append(store.committed(unit="USD"))
            store.close()
        except BaseException as error:  # noqa: BLE001 - told below
            errors.append(error)

    threads = [threading.Thread(target=begin) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert ([0] * 8, []) == (stores, errors)
