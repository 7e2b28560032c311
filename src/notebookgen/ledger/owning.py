"""Which attempt has which of a provider's jobs, and which creates have no answer yet: asked before a job is adopted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notebookgen.ledger.rows import AttemptRow
from notebookgen.ledger.sums import Sums

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Owning"]


class Owning(Sums):
    """The questions about jobs that the engine asks; a job belongs to one attempt, whichever kernel made it."""

    def owner_of(self, realm: str, job: str) -> AttemptRow | None:
        """Return the attempt that has a job."""
        row = self._one("SELECT * FROM attempts WHERE realm = ? AND job = ?", realm, job)
        return AttemptRow(*row) if row else None

    def intents_like(self, content: str, realm: str) -> list[AttemptRow]:
        """Return the creates of a content whose answer is still to come, of any kernel."""
        rows = self._all(
            """SELECT a.* FROM attempts a JOIN generations g ON g.id = a.generation
               WHERE g.content = ? AND a.realm = ? AND a.state = 'intent'""",
            content,
            realm,
        )
        return [AttemptRow(*row) for row in rows]

    def unanswered(self, realm: str) -> list[AttemptRow]:
        """Return the creates without a clear answer, of any kernel: still to come, or ambiguous."""
        sql = "SELECT * FROM attempts WHERE realm = ? AND state IN ('intent', 'ambiguous')"
        return [AttemptRow(*row) for row in self._all(sql, realm)]

    def accepted_from(self, realm: str, first: int) -> dict[str, tuple[int, int, int]]:
        """Return the jobs of a realm from an attempt on: whose, when its intent was committed, and when it was accepted."""
        sql = """SELECT job, key, at, submitted FROM attempts
            WHERE key >= ? AND +realm = ? AND job IS NOT NULL AND submitted IS NOT NULL"""
        return {row["job"]: (row["key"], row["at"], row["submitted"]) for row in self._all(sql, first, realm)}

    def adopted_jobs(self, realm: str) -> set[str]:
        """Return the job handles of a realm that some attempt has."""
        rows = self._all("SELECT job FROM attempts WHERE realm = ? AND job IS NOT NULL", realm)
        return {row["job"] for row in rows}

    def heard_of(self, realm: str, jobs: Sequence[str]) -> dict[str, tuple[int, int]]:
        """Return which attempts have some jobs, and when it was written down that these were accepted."""
        marks = ", ".join("?" * len(jobs))
        sql = f"SELECT job, key, submitted FROM attempts WHERE realm = ? AND job IN ({marks}) AND submitted IS NOT NULL"  # noqa: S608 - only question marks are formatted
        return {row["job"]: (row["key"], row["submitted"]) for row in self._all(sql, realm, *jobs)}
