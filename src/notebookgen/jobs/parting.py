"""Some rows of a run on their own: settled, waited for and shown by themselves, while the run they belong to is told.

What belongs to several runs is looked at as one, and bought in parts of one run each: who pays is always a run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from notebookgen.jobs.handle import RunHandle

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from decimal import Decimal

    from notebookgen.jobs.delivered import Delivered
    from notebookgen.jobs.progress import Forecast
    from notebookgen.jobs.rowbook import RowBook
    from notebookgen.records import Cost, Generation

__all__ = ["Part", "with_parts"]


class Part(RunHandle):
    """Rows of a run, followed apart from it."""

    part = True

    def __init__(
        self,
        runs: Sequence[str],
        rows: Sequence[Generation] | RowBook,
        *,
        of: RunHandle | None = None,
        places: Sequence[int] = (),
        **facts: Any,
    ) -> None:
        """Begin with every row planned.

        Args:
            runs: The runs that the rows belong to.
            rows: What was asked for.
            of: The handle that stands for the run, where somebody holds it: it is told what becomes of the rows.
            places: Which of its rows these are.
            **facts: As ``RunHandle`` takes them.
        """
        super().__init__(", ".join(runs), rows, **facts)
        self.runs = tuple(runs)
        self.homes: tuple[str, ...] = ()  # which run each row is of, where these are of several
        self._of = of
        self._places = places

    @property
    def whole(self) -> RunHandle | None:
        """The handle whose end is the end of the run."""
        return self._of.whole if self._of is not None else None

    def belongs_to(self, handles: Sequence[RunHandle]) -> bool:
        """Whether its rows are rows of one of some handles."""
        return self._of in handles

    def put(self, index: int, row: Delivered) -> None:
        """Set how a row stands, here and there."""
        if self._of is not None:  # first: whoever waits for these rows reads the run as soon as they are over
            self._of.put(self._places[index], row)
        super().put(index, row)

    def sink(self, cost: Cost, sign: int = 1) -> None:
        """Count what an earlier try has cost (or with -1 take that back), here and there."""
        super().sink(cost, sign)
        if self._of is not None:
            self._of.sink(cost, sign)

    def tell(self, index: int, phase: str, forecast: Forecast | None = None) -> None:
        """Set what is going on with a row, here and there."""
        super().tell(index, phase, forecast)
        if self._of is not None:
            self._of.tell(self._places[index], phase, forecast)

    def note(self, line: str) -> None:
        """Add a line that a person should know, here and there."""
        super().note(line)
        if self._of is not None:
            self._of.note(line)

    def fail(self, error: BaseException) -> None:
        """End because the engine itself could not go on, here and there."""
        super().fail(error)
        if self._of is not None:
            self._of.fail(error)

    def _left(self) -> dict[str, Decimal]:
        """Return nothing: what is left of the budget is the whole run's to tell."""
        return {}


def with_parts(handles: Sequence[RunHandle], known: Iterable[RunHandle]) -> list[RunHandle]:
    """Return some handles and the parts of them, and of these, among all that are known, in the order they were made."""
    found = list(handles)
    for one in known:
        if isinstance(one, Part) and one not in found and one.belongs_to(found):
            found.append(one)
    return found
