"""What was asked for by which run, and by which kernel: questions about runs, which change nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notebookgen.ledger.owning import Owning
from notebookgen.ledger.rows import AttemptRow

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["Asking"]


class Asking(Owning):
    """The questions about runs."""

    def run_budget(self, run: str) -> str | None:
        """Return the budget of a run, as it was said."""
        row = self._one("SELECT budget FROM runs WHERE id = ?", run)
        return row["budget"] if row else None

    def run_kernel(self, run: str) -> str | None:
        """Return the kernel that began a run; None where there is no such run, or it has ended."""
        row = self._one("SELECT kernel FROM runs WHERE id = ? AND ended IS NULL", run)
        return str(row["kernel"]) if row else None

    def run_attempts(self, run: str) -> list[AttemptRow]:
        """Return the attempts made by one run."""
        return [AttemptRow(*row) for row in self._all("SELECT * FROM attempts WHERE run = ? ORDER BY key", run)]

    def busy_kernels(self) -> list[str]:
        """Return the kernels whose runs have not ended; a dead one's never do."""
        return [row["kernel"] for row in self._all("SELECT DISTINCT kernel FROM runs WHERE ended IS NULL")]

    def asked_by(self, kernels: Collection[str], runs: Collection[str]) -> list[tuple[str, int]]:
        """Return content and sample of every row in some runs, and in those of some kernels that have not ended."""
        asked = [("r.ended IS NULL AND r.kernel = ?", kernel) for kernel in kernels]
        rows: list[tuple[str, int]] = []
        for clause, value in [*asked, *(("r.id = ?", run) for run in runs)]:
            found = self._all(
                f"""SELECT g.content, g.sample FROM runs r JOIN run_rows w ON w.run = r.id
                   JOIN generations g ON g.id = w.generation WHERE {clause}""",  # noqa: S608 - one of two constants
                value,
            )
            rows += [(row["content"], row["sample"]) for row in found]
        return rows

    def generations_of(self, run: str) -> set[str]:
        """Return the ids of what a run asked for."""
        return {row["generation"] for row in self._all("SELECT generation FROM run_rows WHERE run = ?", run)}
