"""The ledger read by anybody: each question on a connection of its own, so that no thread waits for the engine's."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from typing import TYPE_CHECKING

from notebookgen.ledger.kernels import FOLDER, is_alive
from notebookgen.ledger.lasting import LASTED_OF_MODEL, LASTED_SHAPE, read_lasted
from notebookgen.ledger.reading import open_to_read
from notebookgen.ledger.rows import AttemptRow, asset_from, generation_from, realm_text
from notebookgen.ledger.schema import check_shape
from notebookgen.ledger.store import FILE_NAME, USED
from notebookgen.ledger.sums import OPEN_STATES
from notebookgen.ledger.trouble import translated

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path

    from notebookgen.ledger.lasting import Lasted
    from notebookgen.records import Asset, Generation, Realm

__all__ = ["Reader"]

AT_ONCE = 5000  # ids in one question


class Reader:
    """Answers questions about many rows at once; writes nothing."""

    def __init__(self, home: Path) -> None:
        """Read the ledger in ``home``; where there is none yet, nothing is known."""
        self.home = home
        self._path = home / FILE_NAME

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection | None]:
        """Open the file for one question."""
        if not self._path.exists():
            yield None
            return
        with translated(self._path):
            database = open_to_read(self._path)
            try:
                database.row_factory = sqlite3.Row
                # A kernel that died as it began the file left one without tables.
                yield database if check_shape(database, self._path) else None
            finally:
                database.close()

    def _ask(self, sql: str, keys: Sequence[str] | Sequence[int]) -> list[sqlite3.Row]:
        """Return the rows of a question about many keys; the keys stand for its one question mark, as JSON."""
        found: list[sqlite3.Row] = []
        once = list(dict.fromkeys(keys))  # equal rows ask for the same
        with self._open() as database:
            if database is not None:
                for start in range(0, len(once), AT_ONCE):
                    found += database.execute(sql, (json.dumps(once[start : start + AT_ONCE]),)).fetchall()
        return found

    def last_attempts(self, ids: Sequence[str]) -> dict[str, AttemptRow]:
        """Return the newest attempt to buy each generation that was ever begun."""
        rows = self._ask(
            """SELECT a.* FROM json_each(?) asked JOIN attempts a ON a.generation = asked.value
               AND a.number = (SELECT max(number) FROM attempts b WHERE b.generation = asked.value)""",
            ids,
        )
        return {row["generation"]: AttemptRow(*row) for row in rows}

    def attempts(self, ids: Sequence[str]) -> dict[str, list[AttemptRow]]:
        """Return all attempts to buy each generation, the oldest first."""
        rows = self._ask(
            """SELECT a.* FROM json_each(?) asked JOIN attempts a ON a.generation = asked.value
               ORDER BY a.generation, a.number""",
            ids,
        )
        found: dict[str, list[AttemptRow]] = {}
        for row in rows:
            found.setdefault(row["generation"], []).append(AttemptRow(*row))
        return found

    def assets(self, attempts: Sequence[int]) -> dict[int, tuple[Asset, ...]]:
        """Return the files of attempts, by the attempt's key."""
        rows = self._ask(
            """SELECT s.* FROM json_each(?) asked JOIN assets s ON s.attempt = asked.value
               ORDER BY s.attempt, s.position""",
            attempts,
        )
        found: dict[int, tuple[Asset, ...]] = {}
        for row in rows:
            found[row["attempt"]] = (*found.get(row["attempt"], ()), asset_from(row, f"{self.home}/"))
        return found

    def generations(self, ids: Sequence[str]) -> dict[str, Generation]:
        """Return what was asked for under each id."""
        rows = self._ask("SELECT g.* FROM json_each(?) asked JOIN generations g ON g.id = asked.value", ids)
        return {row["id"]: generation_from(row) for row in rows}

    def highest_charges(self, shapes: Sequence[str]) -> dict[str, tuple[int, str]]:
        """Return the most that models with their settings were ever reported to cost, in nano-units, and the unit."""
        rows = self._ask(
            """SELECT g.shape, a.unit, max(a.charged) AS most FROM json_each(?) asked
               JOIN generations g ON g.shape = asked.value JOIN attempts a ON a.generation = g.id
               WHERE a.basis = 'reported' AND a.unit IS NOT NULL AND a.charged IS NOT NULL
               GROUP BY g.shape, a.unit ORDER BY most""",
            shapes,
        )
        return {row["shape"]: (int(row["most"]), str(row["unit"])) for row in rows}

    def lasted(self, realm: Realm, model: str) -> list[Lasted]:
        """Return how long a model's last jobs took, the newest first; none where the ledger is of an older shape."""
        with self._open() as database:
            if database is None or check_shape(database, self._path) < LASTED_SHAPE:
                return []
            return read_lasted(database.execute(LASTED_OF_MODEL, (realm_text(realm), model)))

    def unused_samples(self, contents: Sequence[str], count: int) -> dict[str, list[int]]:
        """Return the first sample indices of each content that ``fresh`` would take, as ``Store.unused_samples`` has them.

        What a living kernel's run waits for is taken.
        """
        rows = self._ask(
            f"""SELECT DISTINCT g.content, g.sample FROM json_each(?) asked JOIN generations g ON g.content = asked.value
                JOIN attempts a ON a.generation = g.id WHERE {USED}""",  # noqa: S608 - a constant
            contents,
        )
        used: dict[str, set[int]] = {content: set() for content in contents}
        for row in (*rows, *self._claimed()):
            used.get(row["content"], set()).add(row["sample"])
        return {
            content: [sample for sample in range(len(taken) + count) if sample not in taken][:count]
            for content, taken in used.items()
        }

    def _claimed(self) -> list[sqlite3.Row]:
        """Return content and sample of every row of a run that has not ended, and whose kernel lives."""
        with self._open() as database:
            if database is None:
                return []
            kernels = [row[0] for row in database.execute("SELECT DISTINCT kernel FROM runs WHERE ended IS NULL")]
        return self._ask(
            """SELECT g.content, g.sample FROM json_each(?) asked
               JOIN runs r ON r.kernel = asked.value AND r.ended IS NULL JOIN run_rows w ON w.run = r.id
               JOIN generations g ON g.id = w.generation""",
            [one for one in kernels if is_alive(self.home / FOLDER, one)],
        )

    def run_rows(self, run: str) -> list[str]:
        """Return the ids of a run's rows in their order."""
        with self._open() as database:
            if database is None:
                return []
            rows = database.execute(
                "SELECT generation FROM run_rows WHERE run = ? AND generation IS NOT NULL ORDER BY position, sample",
                (run,),
            ).fetchall()
        return [row["generation"] for row in rows]

    def models(self, ids: Sequence[str]) -> set[str]:
        """Return the models of generations, as ``provider:id``."""
        rows = self._ask(
            """SELECT DISTINCT g.provider || ':' || g.model AS model FROM json_each(?) asked
               JOIN generations g ON g.id = asked.value""",
            ids,
        )
        return {row["model"] for row in rows}

    def sandbox(self, ids: Sequence[str]) -> bool:
        """Whether the sandbox answers for all of some generations."""
        rows = self._ask(
            """SELECT DISTINCT g.sandbox FROM json_each(?) asked JOIN generations g ON g.id = asked.value""", ids
        )
        return bool(rows) and all(row["sandbox"] for row in rows)

    def earlier(self, runs: Collection[str], ids: Sequence[str]) -> dict[str, list[AttemptRow]]:
        """Return the tries of some runs for some generations that have cost something and were followed by another one."""
        rows = self._ask(
            """SELECT a.* FROM json_each(?) asked JOIN attempts a ON a.generation = asked.value
               WHERE a.charged > coalesce(a.refunded, 0) AND EXISTS (
                   SELECT 1 FROM attempts b WHERE b.generation = a.generation AND b.number > a.number)""",
            ids,
        )
        found: dict[str, list[AttemptRow]] = {}
        for row in (AttemptRow(*row) for row in rows):
            if row.run in runs:
                found.setdefault(row.generation, []).append(row)
        return found

    def in_hand(self, run: str | None = None) -> list[tuple[str, str]]:
        """Return the runs (or one of them) that have not ended, or of which something is open, each with who has it in hand."""
        with self._open() as database:
            if database is None:
                return []
            rows = database.execute(
                f"""SELECT id AS run, kernel FROM runs WHERE ended IS NULL AND ?1 IN (id, '') UNION
                    SELECT run, kernel FROM attempts WHERE state IN {OPEN_STATES} AND ?1 IN (run, '')""",  # noqa: S608 - a constant
                (run or "",),
            ).fetchall()
        return [(row["run"], row["kernel"]) for row in rows]

    def notebook(self, kernel: str) -> str | None:
        """Return the notebook of a kernel, where its runs tell."""
        with self._open() as database:
            sql = "SELECT notebook FROM runs WHERE kernel = ? AND notebook IS NOT NULL ORDER BY at DESC LIMIT 1"
            row = database.execute(sql, (kernel,)).fetchone() if database else None
        return str(row["notebook"]) if row else None

    def run_to_retry(self) -> str | None:
        """Return the newest run of which something failed, was refused or cancelled and may be tried again."""
        with self._open() as database:
            if database is None:
                return None
            row = database.execute(
                """SELECT r.id FROM runs r JOIN run_rows w ON w.run = r.id JOIN attempts a ON a.generation = w.generation
                   WHERE a.number = (SELECT max(number) FROM attempts b WHERE b.generation = a.generation)
                   AND (a.state IN ('refused', 'cancelled') OR (a.state = 'failed' AND a.retryable IS NOT 0))
                   ORDER BY r.at DESC LIMIT 1"""
            ).fetchone()
        return str(row["id"]) if row else None

    def tag(self, run: str) -> str | None:
        """Return the word that was kept with a run."""
        with self._open() as database:
            row = database.execute("SELECT tag FROM runs WHERE id = ?", (run,)).fetchone() if database else None
        return row["tag"] if row else None

    def runs(self) -> list[str]:
        """Return the ids of all runs, the newest first."""
        with self._open() as database:
            found = database.execute("SELECT id FROM runs ORDER BY at DESC").fetchall() if database is not None else []
        return [row["id"] for row in found]
