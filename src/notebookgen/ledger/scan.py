"""The ledger's tables as Polars columns: only those that are asked for are read, all of them at one moment.

Rows come in parts of some ten thousand and are turned into typed columns at once; what belongs to a generation, a run
or a file is read from its own table in the order in which it lies there, and joined by Polars.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import polars as pl

from notebookgen.ledger.reading import open_to_read
from notebookgen.ledger.schema import check_shape
from notebookgen.ledger.trouble import translated

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

__all__ = ["ATTEMPTS", "attempts", "columns", "opened"]

PART = 50_000
TEXT, WHOLE = pl.String, pl.Int64
# Where each column comes from: of an attempt itself, of its generation, its run, its first file.
ATTEMPTS: Mapping[str, tuple[str, Any]] = {
    "key": ("a.key", WHOLE),
    "at": ("a.at", WHOLE),
    "run": ("a.run", TEXT),
    "id": ("a.generation", TEXT),
    "realm": ("a.realm", TEXT),
    "model": ("a.model", TEXT),
    "job": ("a.job", TEXT),
    "status": ("a.state", TEXT),
    "reserved": ("a.reserved", WHOLE),
    "charged": ("a.charged", WHOLE),
    "refunded": ("a.refunded", WHOLE),
    "unit": ("a.unit", TEXT),
    "basis": ("a.basis", TEXT),
    "seconds": ("a.seconds", pl.Float64),
    "attempt": ("a.number", WHOLE),
}
# What a ledger of the first shape, which nobody has opened for writing since, is read as.
FIRST_SHAPE = """(SELECT b.*, g.model AS model, b.at / 86400000000 AS day
    FROM attempts b JOIN generations g ON g.id = b.generation)"""


@contextlib.contextmanager
def opened(path: Path) -> Iterator[tuple[sqlite3.Connection, str] | None]:
    """Open a ledger for reading at one moment; give it with the table of its attempts, or None where there is none."""
    if not path.exists():
        yield None
        return
    with translated(path):
        database = open_to_read(path)
        try:
            database.execute("BEGIN")  # every question is answered from the same state of the file
            shape = check_shape(database, path)
            # A kernel that died as it began the file left one without tables.
            yield (database, FIRST_SHAPE if shape == 1 else "attempts") if shape else None
        finally:
            database.close()


def columns(database: sqlite3.Connection, sql: str, kinds: Mapping[str, Any]) -> pl.DataFrame:
    """Return what a query gives, each column in its type."""
    cursor = database.execute(sql)
    parts: list[pl.DataFrame] = []
    while rows := cursor.fetchmany(PART):
        values = zip(kinds.items(), zip(*rows, strict=True), strict=True)
        parts.append(pl.DataFrame([pl.Series(name, one, dtype=kind) for (name, kind), one in values]))
    return pl.concat(parts) if parts else pl.DataFrame(schema=dict(kinds))


def attempts(path: Path, wanted: Sequence[str]) -> pl.DataFrame:
    """Return columns of all attempts as the file has them, oldest first.

    Args:
        path: The ledger's file.
        wanted: Names of ``ATTEMPTS``; besides, ``prompt``, ``tag``, ``notebook`` and ``path`` (below the home folder).
    """
    wanted = list(dict.fromkeys(["key", *wanted]))
    joined = [name for name in ("prompt", "tag", "notebook", "path") if name in wanted]
    own = [name for name in wanted if name not in joined]
    own += [name for name, needed in (("id", "prompt"), ("run", "tag"), ("run", "notebook")) if needed in joined]
    kinds = {name: ATTEMPTS[name][1] for name in own}
    with opened(path) as found:
        if found is None:
            return pl.DataFrame(schema={**kinds, **dict.fromkeys(joined, TEXT)})
        database, table = found
        spelled = ", ".join(f"{ATTEMPTS[name][0]} AS {name}" for name in kinds)
        frame = columns(database, f"SELECT {spelled} FROM {table} a ORDER BY a.key", kinds)  # noqa: S608 - our own names
        if "prompt" in joined:
            prompts = columns(database, "SELECT id, prompt FROM generations", {"id": TEXT, "prompt": TEXT})
            frame = frame.join(prompts, on="id", how="left")
        if {"tag", "notebook"} & set(joined):
            runs = columns(database, "SELECT id, tag, notebook FROM runs", {"run": TEXT, "tag": TEXT, "notebook": TEXT})
            frame = frame.join(runs, on="run", how="left")
        if "path" in joined:
            first = "SELECT attempt, path, min(position) FROM assets GROUP BY attempt"
            files = columns(database, first, {"key": WHOLE, "path": TEXT, "position": WHOLE})
            frame = frame.join(files.drop("position"), on="key", how="left")
    return frame.sort("key")
