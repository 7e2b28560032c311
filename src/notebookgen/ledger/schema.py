"""The shape of the ledger file, as numbered migrations; nothing else knows a ``CREATE TABLE``.

Each migration and the number it leaves behind are one transaction. A file of a newer shape is refused, untouched.
Times are microseconds since 1970 UTC; amounts are whole nano-units (10**-9) of their unit; hashes are hexadecimal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from notebookgen.errors import LedgerTooNew

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

__all__ = ["MIGRATIONS", "VERSION", "check_shape", "migrate"]

FIRST = """
CREATE TABLE runs (
    id        TEXT PRIMARY KEY,
    at        INTEGER NOT NULL,
    kernel    TEXT NOT NULL,
    notebook  TEXT,
    tag       TEXT,
    budget    TEXT,
    ended     INTEGER
) STRICT;

CREATE TABLE generations (
    id        TEXT PRIMARY KEY,
    content   TEXT NOT NULL,
    sample    INTEGER NOT NULL,
    shape     TEXT NOT NULL,      -- model and settings alone: what the price depends on
    provider  TEXT NOT NULL,
    account   TEXT NOT NULL,
    sandbox   INTEGER NOT NULL,
    model     TEXT NOT NULL,
    kind      TEXT,
    prompt    TEXT NOT NULL,
    settings  TEXT NOT NULL,      -- JSON object
    images    TEXT NOT NULL,      -- JSON list
    at        INTEGER NOT NULL
) STRICT;
CREATE INDEX generations_content ON generations (content, sample);
CREATE INDEX generations_shape ON generations (shape);

CREATE TABLE attempts (
    key         INTEGER PRIMARY KEY,
    generation  TEXT NOT NULL REFERENCES generations (id),
    number      INTEGER NOT NULL,  -- 1 for the first time it is bought
    run         TEXT NOT NULL REFERENCES runs (id),
    realm       TEXT NOT NULL,
    state       TEXT NOT NULL,
    kernel      TEXT NOT NULL,     -- who looks after it
    at          INTEGER NOT NULL,  -- when the intent was committed
    lost_at     INTEGER,           -- when the create could last have left, for a create without an answer
    submitted   INTEGER,
    ended       INTEGER,
    job         TEXT,
    route       TEXT,
    unit        TEXT,
    reserved    INTEGER,
    charged     INTEGER,
    refunded    INTEGER,
    basis       TEXT NOT NULL,
    seconds     REAL,
    outputs     TEXT,              -- JSON list: what is still to be downloaded
    error       TEXT,
    fail_code   TEXT,
    retryable   INTEGER,
    UNIQUE (generation, number)
) STRICT;
-- Whatever a program does, one generation is never under way twice, and one job is never adopted twice.
CREATE UNIQUE INDEX attempts_open ON attempts (generation)
    WHERE state IN ('intent', 'submitted', 'completed', 'ambiguous');
CREATE UNIQUE INDEX attempts_job ON attempts (realm, job) WHERE job IS NOT NULL;
CREATE INDEX attempts_run ON attempts (run);

CREATE TABLE assets (
    attempt    INTEGER NOT NULL REFERENCES attempts (key),
    position   INTEGER NOT NULL,
    path       TEXT NOT NULL,      -- relative to the home folder
    kind       TEXT NOT NULL,
    mime       TEXT NOT NULL,
    size       INTEGER NOT NULL,
    sha256     TEXT NOT NULL,
    name       TEXT NOT NULL,
    url        TEXT,
    width      INTEGER,
    height     INTEGER,
    seconds    REAL,
    has_sound  INTEGER,
    PRIMARY KEY (attempt, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE run_rows (
    run         TEXT NOT NULL REFERENCES runs (id),
    position    INTEGER NOT NULL,
    sample      INTEGER NOT NULL,
    generation  TEXT,
    PRIMARY KEY (run, position, sample)
) STRICT, WITHOUT ROWID;
"""

# Model, shape and day stand in the attempt itself, so that a million rows are summed along an index, in its order.
SECOND = """
ALTER TABLE attempts ADD COLUMN model TEXT NOT NULL DEFAULT '';
ALTER TABLE attempts ADD COLUMN shape TEXT NOT NULL DEFAULT '';
ALTER TABLE attempts ADD COLUMN day INTEGER NOT NULL DEFAULT 0;  -- of `at`: UTC days since 1970
UPDATE attempts SET (model, shape) = (SELECT model, shape FROM generations g WHERE g.id = attempts.generation),
    day = at / 86400000000;

DROP INDEX attempts_run;
CREATE INDEX attempts_run ON attempts (run, unit, realm, state, charged, refunded, reserved);
CREATE INDEX attempts_spent ON attempts (realm, model, unit, day, state, charged, refunded, reserved);
CREATE INDEX attempts_unanswered ON attempts (realm) WHERE state IN ('intent', 'ambiguous');
CREATE INDEX attempts_cost ON attempts (shape, basis, unit, charged);
CREATE INDEX attempts_time ON attempts (shape) WHERE state = 'saved' AND seconds IS NOT NULL;
CREATE INDEX attempts_model_time ON attempts (realm, model) WHERE state = 'saved' AND seconds IS NOT NULL;

CREATE TABLE caps (
    provider  TEXT NOT NULL,       -- or 'all'
    unit      TEXT NOT NULL,
    per       TEXT NOT NULL,       -- day, month, life
    amount    INTEGER NOT NULL,
    at        INTEGER NOT NULL,    -- when it was set
    PRIMARY KEY (provider, unit, per)
) STRICT, WITHOUT ROWID;

CREATE TABLE balances (
    realm   TEXT NOT NULL,
    at      INTEGER NOT NULL,      -- when it was seen
    unit    TEXT NOT NULL,
    amount  INTEGER NOT NULL,
    PRIMARY KEY (realm, at)
) STRICT, WITHOUT ROWID;
"""

# What was asked for "fresh" is used up when it was handed over, and not when it was made: a run that was stopped, waited
# for too shortly or killed hands nothing over. Of what ended before this shape, everything counts as handed over.
THIRD = """
ALTER TABLE runs ADD COLUMN delivered INTEGER;     -- when all of it was handed to whoever had asked for it
UPDATE runs SET delivered = ended;
CREATE INDEX run_rows_generation ON run_rows (generation);

ALTER TABLE attempts ADD COLUMN unkept INTEGER;    -- since when files of a finished job cannot be had
"""

# Rows of a large run are written down as they are brought to be sent: their number is kept from the beginning.
FOURTH = """
ALTER TABLE runs ADD COLUMN total INTEGER;         -- how many rows were asked for; null where nobody wrote it down
ALTER TABLE runs ADD COLUMN barred INTEGER;        -- how many of them are never sent: skipped or invalid
"""

# What was written off for another try is what it was before where that try is proven not to have been accepted, also
# where a later kernel proves it.
FIFTH = """
ALTER TABLE attempts ADD COLUMN instead INTEGER;   -- the attempt of nobody knows what that was written off for this one
"""

# How long jobs of a kind take is learned from when they were seen: one that is over when it is looked at has ended since
# the look before, and one that failed has lived so long.
SIXTH = """
ALTER TABLE attempts ADD COLUMN lived REAL;        -- age in seconds when it was last seen not to be over
ALTER TABLE attempts ADD COLUMN began REAL;        -- age in seconds when it began, where it was seen queued
DROP INDEX attempts_time;
DROP INDEX attempts_model_time;
CREATE INDEX attempts_time ON attempts (shape) WHERE coalesce(seconds, lived) IS NOT NULL;
CREATE INDEX attempts_model_time ON attempts (realm, model) WHERE coalesce(seconds, lived) IS NOT NULL;
"""

MIGRATIONS: tuple[str, ...] = (FIRST, SECOND, THIRD, FOURTH, FIFTH, SIXTH)
VERSION = len(MIGRATIONS)


def migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Bring a ledger file to the newest shape.

    Raises:
        LedgerTooNew: A newer notebookgen wrote it; it is left as it is.
    """
    found = check_shape(connection, path)
    if found == VERSION:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        (found,) = connection.execute("PRAGMA user_version").fetchone()  # another kernel may have been quicker
        for number, script in enumerate(MIGRATIONS[found:], start=found + 1):
            for statement in _statements(script):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number}")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def check_shape(connection: sqlite3.Connection, path: Path) -> int:
    """Return the shape of a ledger file.

    Raises:
        LedgerTooNew: A newer notebookgen wrote it.
    """
    (found,) = connection.execute("PRAGMA user_version").fetchone()
    if found > VERSION:
        message = (
            f"the ledger {path} was written by a newer notebookgen (shape {found}, this one knows {VERSION}).\n"
            f"Nothing was changed. Type: pip install --upgrade notebookgen"
        )
        raise LedgerTooNew(message)
    return int(found)


def _statements(script: str) -> list[str]:
    """Split a script at its semicolons; ``executescript`` would commit the open transaction."""
    plain = "\n".join(line.split("--")[0] for line in script.splitlines())
    return [statement for statement in plain.split(";") if statement.strip()]
