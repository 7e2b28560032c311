"""What the ledger can set against a provider's word: who has which job, and what was spent between two moments."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from notebookgen.ledger.reader import Reader
from notebookgen.ledger.rows import AttemptRow

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

__all__ = ["Evidence", "Spent"]

# Providers take the money when they accept a job, as far as they say, and give it back when it ends without a result.
TAKEN = "coalesce(submitted, at)"
SPENT = f"""SELECT
    coalesce(sum(CASE WHEN {TAKEN} > :since THEN coalesce(charged, 0) ELSE 0 END), 0)
        - coalesce(sum(coalesce(refunded, 0)), 0) AS spent,
    coalesce(sum({TAKEN} <= :since OR charged IS NULL
        OR (state IN ('failed', 'cancelled') AND charged > 0 AND refunded IS NULL)), 0) AS unsure,
    coalesce(sum(basis = 'listed' AND charged > 0), 0) AS listed
    FROM attempts WHERE realm = :realm AND (unit = :unit OR unit IS NULL) AND state NOT IN ('planned', 'refused')
    AND (({TAKEN} > :since AND {TAKEN} <= :until)
         OR ({TAKEN} <= :since AND (ended IS NULL OR ended > :since)))"""  # noqa: S608 - a constant


@dataclass(frozen=True, slots=True)
class Spent:
    """What the ledger spent between two moments.

    Attributes:
        spent: Charged less given back, in nano-units, as far as is known.
        unsure: Rows that leave it open: of unknown cost or refund, or under way at one of the moments.
        listed: Rows whose cost is a listed price, which the provider never confirmed.
    """

    spent: int = 0
    unsure: int = 0
    listed: int = 0


class Evidence(Reader):
    """Answers what an audit asks; writes nothing."""

    def owners(self, realm: str, jobs: Sequence[str]) -> dict[str, AttemptRow]:
        """Return the attempts of an account that have some jobs, by the job."""
        rows = self._rows(
            "SELECT a.* FROM json_each(:jobs) asked JOIN attempts a ON a.realm = :realm AND a.job = asked.value",
            realm=realm,
            jobs=json.dumps(list(jobs)),
        )
        return {row["job"]: AttemptRow(*row) for row in rows}

    def unanswered(self, realm: str) -> int:
        """Return how many creates of an account nobody has an answer to."""
        rows = self._rows(
            "SELECT count(*) FROM attempts WHERE realm = :realm AND state IN ('intent', 'ambiguous')", realm=realm
        )
        return int(rows[0][0]) if rows else 0

    def sent_between(self, realm: str, since: int, until: int) -> list[AttemptRow]:
        """Return the attempts of an account that were accepted as jobs between two moments, in microseconds."""
        rows = self._rows(
            """SELECT * FROM attempts WHERE realm = :realm AND job IS NOT NULL AND at > :since AND submitted < :until
               ORDER BY key""",
            realm=realm,
            since=since,
            until=until,
        )
        return [AttemptRow(*row) for row in rows]

    def spent_between(self, realm: str, unit: str, since: int, until: int) -> Spent:
        """Return what an account spent between two moments, in microseconds."""
        rows = self._rows(SPENT, realm=realm, unit=unit, since=since, until=until)
        return Spent(*rows[0]) if rows else Spent()

    def _rows(self, sql: str, **values: object) -> list[sqlite3.Row]:
        """Return the rows of one question."""
        with self._open() as database:
            return [] if database is None else database.execute(sql, values).fetchall()
