"""The shape of the ledger file: made in one transaction, brought up to date once, refused when it is newer."""

from __future__ import annotations

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from notebookgen.errors import LedgerTooNew
from notebookgen.ledger import schema
from notebookgen.ledger.frame import Ledger
from notebookgen.ledger.lasting import Lasted
from notebookgen.ledger.reader import Reader
from notebookgen.ledger.rows import generation_values, realm_text
from notebookgen.ledger.schema import MIGRATIONS, VERSION, migrate
from notebookgen.ledger.store import FILE_NAME, Store
from notebookgen.records import Generation, Realm

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TABLES = ["assets", "attempts", "balances", "caps", "generations", "run_rows", "runs"]


@pytest.fixture
def database(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """An empty file, open."""
    connection = sqlite3.connect(tmp_path / "x.sqlite", isolation_level=None, timeout=30)
    yield connection
    connection.close()


def tables(database: sqlite3.Connection) -> list[str]:
    rows = database.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
    return [name for (name,) in rows]


def other_mode(home: Path) -> str:
    database = sqlite3.connect(home / FILE_NAME)
    mode: str = database.execute("PRAGMA journal_mode").fetchone()[0]
    database.close()
    return mode


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


def opened_at_once(home: Path, *, unit: str) -> list[int]:
    """Open the ledger eight times at one moment; return what each opening reads as committed."""
    gate = threading.Barrier(8)

    def begin(_: int) -> int:
        gate.wait(30)
        store = Store(home)
        try:
            return store.committed(unit=unit)
        finally:
            store.close()

    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(begin, range(8), timeout=60))


def test_kernels_that_begin_at_once_make_one_ledger(home: Path) -> None:
    """Eight openings of a file that is not there yet: every one succeeds, on one shape."""
    assert [0] * 8 == opened_at_once(home, unit="USD")


def test_a_ledger_that_another_kernel_begins_just_now_is_waited_for(home: Path) -> None:
    """SQLite answers "busy" at once where the journal is chosen while another writes: the opening waits all the same."""
    home.mkdir()
    other = sqlite3.connect(home / FILE_NAME, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    later = threading.Timer(0.3, other.close)
    later.start()
    store = Store(home)
    later.join(30)

    assert (0, "wal") == (store.committed(unit="USD"), other_mode(home))
    store.close()


@pytest.mark.parametrize("wal", [False, True])
def test_a_ledger_that_was_never_finished_knows_nothing(home: Path, *, wal: bool) -> None:
    """A kernel was killed, or the disk was full, between making the file and its tables: it is read as an empty one."""
    home.mkdir()
    database = sqlite3.connect(home / FILE_NAME)
    database.execute(f"PRAGMA journal_mode = {'wal' if wal else 'delete'}")
    database.close()
    (home / FILE_NAME).touch()
    ledger = Ledger(home, {})

    assert ({}, 0, 0) == (Reader(home).last_attempts(["a"]), ledger.frame().height, ledger.runs().height)
    assert "0" in repr(ledger.summary()) or ledger.summary().is_empty()


# From every earlier shape --------------------------------------------------------------------------------------------

EARLIER_ROWS = {
    "runs": ("r", 5, "k", "n.ipynb", "trial", None, 9),
    "generations": ("g" * 32, "g" * 32, 0, "s", "armox", "0" * 12, 0, "google/x", "image", "a fox\n", '{"n":1}', "[]", 3),
    "attempts": (7, "g" * 32, 1, "r", "armox|000000000000|0", "saved", "k", 1_767_268_800_000_000, None, 2, 3, "job-1",
                 "models", "credits", 70, 70, None, "reported", 1.5, "[]", None, None, None),
    "assets": (7, 0, "media/a.png", "image", "image/png", 5, "0" * 64, "x", None, 4, 3, None, None),
    "run_rows": ("r", 0, 0, "g" * 32),
}  # fmt: skip


def earlier(home: Path, shape: int) -> None:
    """Make a ledger of an earlier shape with a row in each of its first tables."""
    home.mkdir(parents=True)
    database = sqlite3.connect(home / FILE_NAME, isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    for number, script in enumerate(MIGRATIONS[:shape], start=1):
        database.executescript(script)
        if number == 1:
            for table, row in EARLIER_ROWS.items():
                database.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)  # noqa: S608 - tables named above
        database.execute(f"PRAGMA user_version = {number}")
    database.close()


def kept(home: Path) -> dict[str, tuple[object, ...]]:
    """Return what the rows of an earlier shape are now, as far as that shape had columns for them."""
    with sqlite3.connect(home / FILE_NAME) as database:
        found = {
            table: database.execute(f"SELECT * FROM {table}").fetchone()[: len(row)]  # noqa: S608 - tables named above
            for table, row in EARLIER_ROWS.items()
        }
    database.close()
    return found


@pytest.mark.parametrize("shape", range(1, VERSION + 1))
def test_a_ledger_of_every_earlier_shape_is_brought_up_to_date(home: Path, shape: int) -> None:
    """Whatever version wrote it: every row is what it was, it is a file of the newest shape, and it is summed as before."""
    earlier(home, shape)
    store = Store(home)

    assert 70 == store.committed(run="r", unit="credits") == store.committed_since("armox", "credits", 0)
    row = store.last_attempt("g" * 32)
    assert row is not None
    if shape == 1:
        assert ("google/x", "s", 20454) == (row.model, row.shape, row.day)
    store.close()
    assert EARLIER_ROWS == kept(home)
    with sqlite3.connect(home / FILE_NAME) as database:
        assert [("ok",)] == database.execute("PRAGMA integrity_check").fetchall()
        assert VERSION == version(database)
    database.close()
    made = home.parent / "new"
    Store(made).close()
    assert shape_of_file(made) == shape_of_file(home)


def shape_of_file(home: Path) -> list[tuple[str, str]]:
    """Return the tables' columns and the indices of a file; an added column stands at another place in its text."""
    with sqlite3.connect(home / FILE_NAME) as database:
        rows = database.execute(
            """SELECT m.name, group_concat(c.name) FROM sqlite_master m, pragma_table_info(m.name) c
               WHERE m.type = 'table' GROUP BY m.name
               UNION ALL SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL ORDER BY 1"""
        ).fetchall()
    database.close()
    return rows


def test_an_earlier_ledger_is_read_without_being_changed(home: Path) -> None:
    """A ledger that nobody has opened for writing since is shown as it is: in the frame, in sums, by run."""
    earlier(home, 1)
    before = (home / FILE_NAME).read_bytes()
    ledger = Ledger(home)

    assert [("google/x", "armox", "saved", "trial")] == ledger.frame().select(
        "model", "provider", "status", "tag"
    ).rows()
    for by in ("model", "day", "run", "tag"):
        assert [1] == ledger.totals(by)["attempts"].to_list()
    assert (1, 0) == (ledger.runs().height, ledger.caps().height)
    assert before == (home / FILE_NAME).read_bytes()


def test_kernels_that_migrate_at_once_migrate_once(home: Path) -> None:
    """Eight kernels that find a ledger of the first shape: every one gets it, whole."""
    earlier(home, 1)
    assert [70] * 8 == opened_at_once(home, unit="credits")
    assert EARLIER_ROWS == kept(home)


@pytest.mark.parametrize("shape", range(1, VERSION + 1))
def test_a_run_of_every_earlier_shape_has_the_rows_that_were_written_down(home: Path, shape: int) -> None:
    """How many were asked for is not known of it: it is told as before, read as it is and brought up to date."""
    earlier(home, shape)
    before = Ledger(home).runs().select("run", "rows", "saved").rows()
    store = Store(home)
    found = (store.unsent_rows("r"), store.unbrought_rows("r"))
    store.close()

    assert [("r", 1, 1)] == before == Ledger(home).runs().select("run", "rows", "saved").rows()
    assert (0, 0) == found


def test_a_ledger_of_the_fifth_shape_learns_when_jobs_were_seen(home: Path) -> None:
    """It is read as it is, with nothing known of that; opened for writing it gets the columns, and keeps its durations."""
    home.mkdir()
    database = sqlite3.connect(home / FILE_NAME, isolation_level=None)
    for script in MIGRATIONS[:5]:
        database.executescript(script)
    database.execute("PRAGMA user_version = 5")
    generation = Generation(Realm("armox", "0" * 12), "x", "a fox", {}, kind="image")
    values = generation_values(generation, 1)
    database.execute(f"INSERT INTO generations VALUES ({', '.join('?' * len(values))})", values)  # noqa: S608 - only question marks are formatted
    database.execute("INSERT INTO runs (id, at, kernel) VALUES ('r', 1, 'k')")
    database.execute(
        """INSERT INTO attempts (generation, number, run, realm, state, kernel, at, basis, seconds, model, shape)
           VALUES (?, 1, 'r', ?, 'saved', 'k', 1, 'listed', 4.5, 'x', ?)""",
        (generation.id, realm_text(generation.realm), generation.shape),
    )
    database.close()
    reader = Reader(home)
    before = reader.lasted(generation.realm, "x")
    store = Store(home)
    row = store.last_attempt(generation.id)
    assert row is not None
    assert store.update(row.key, lived=3.0, began=1.0)

    assert [] == before
    assert (4.5, None, None) == (row.seconds, row.lived, row.began)
    assert [Lasted(4.5, 3.0, 1.0)] == store.lasted(shape=generation.shape) == reader.lasted(generation.realm, "x")
    store.close()
