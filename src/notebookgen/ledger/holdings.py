"""Which files the ledger needs, and what for: the outputs of its generations, and the images that were sent along."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from notebookgen.ledger.reading import open_to_read
from notebookgen.ledger.schema import VERSION, check_shape
from notebookgen.ledger.sums import OPEN_STATES
from notebookgen.ledger.trouble import translated

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

__all__ = ["Holding", "holdings"]


@dataclass(slots=True)
class Holding:
    """What the ledger says of one content.

    Attributes:
        sha256: Hash of its bytes.
        path: Where it is, relative to the home folder; empty for an image that was sent along.
        kind, mime, size: As the ledger has them.
        outputs: The generations that it came back for.
        inputs: The generations that it was sent along with.
        runs: The runs that asked for those, the newest first.
        used: When it was last asked for, in microseconds since 1970.
        sandbox: Whether only the sandbox's generations need it.
        open: Whether one of them is under way: it may be needed at any moment.
    """

    sha256: str
    path: str = ""
    kind: str = "image"
    mime: str = ""
    size: int = 0
    outputs: list[str] = field(default_factory=list)
    inputs: list[str] = field(default_factory=list)
    runs: list[str] = field(default_factory=list)
    used: int = 0
    sandbox: bool = True
    open: bool = False


def holdings(ledger: Path) -> dict[str, Holding] | None:
    """Return what the ledger needs, by the hash; None where there is no ledger.

    Raises:
        LedgerTooNew: A newer notebookgen wrote it.
        LedgerError: It cannot be read: nobody knows what is needed.
    """
    if not ledger.exists():
        return None
    with translated(ledger), closing(open_to_read(ledger)) as database:
        if check_shape(database, ledger) != VERSION:  # an older one's columns may be others: bring it up to date
            from notebookgen.ledger.store import Store  # noqa: PLC0415 - once in a ledger's life

            Store(ledger.parent).close()
        return _read(database)


def _read(database: sqlite3.Connection) -> dict[str, Holding]:
    """Return what a ledger needs."""
    found: dict[str, Holding] = {}
    by_generation: dict[str, list[Holding]] = {}
    rows = database.execute(
        f"""SELECT s.sha256, s.path, s.kind, s.mime, s.size, a.generation, a.at, a.realm LIKE '%|1', a.state IN {OPEN_STATES}
            FROM assets s JOIN attempts a ON a.key = s.attempt"""  # noqa: S608 - a constant
    )
    for sha256, path, kind, mime, size, generation, at, sandbox, is_open in rows:
        one = found.setdefault(sha256, Holding(sha256))
        one.path, one.kind, one.mime, one.size = path, kind, mime, size
        _add(one, one.outputs, by_generation, generation, at, sandbox=sandbox, is_open=is_open)
    rows = database.execute(
        f"""SELECT g.id, g.images, g.at, g.sandbox,
                   EXISTS (SELECT 1 FROM attempts a WHERE a.generation = g.id AND a.state IN {OPEN_STATES})
            FROM generations g WHERE g.images <> '[]'"""  # noqa: S608 - a constant
    )
    for generation, images, at, sandbox, is_open in rows:
        for image in json.loads(images):
            if image.get("sha256"):
                one = found.setdefault(image["sha256"], Holding(image["sha256"]))
                one.mime, one.size = one.mime or image.get("mime", ""), one.size or image.get("size", 0)
                _add(one, one.inputs, by_generation, generation, at, sandbox=sandbox, is_open=is_open)
    asked = database.execute(
        "SELECT w.generation, w.run, r.at FROM run_rows w JOIN runs r ON r.id = w.run ORDER BY r.at DESC, w.run"
    )
    for generation, run, at in asked:
        for one in by_generation.get(generation, ()):
            one.used = max(one.used, at)
            if not one.runs or one.runs[-1] != run:
                one.runs.append(run)
    return found


def _add(
    one: Holding,
    to: list[str],
    by_generation: dict[str, list[Holding]],
    generation: str,
    at: int,
    *,
    sandbox: int,
    is_open: int,
) -> None:
    """Write down that a generation needs a content."""
    if generation not in to:
        to.append(generation)
        by_generation.setdefault(generation, []).append(one)
    one.used = max(one.used, at)
    one.sandbox = one.sandbox and bool(sandbox)
    one.open = one.open or bool(is_open)
