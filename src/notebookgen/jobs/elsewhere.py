"""What other kernels have in hand, as a person is told: which of them makes what, and what is not waited for here any more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from notebookgen.errors import NotebookgenError
from notebookgen.jobs.core import NOBODY
from notebookgen.jobs.delivered import Delivered
from notebookgen.jobs.states import OPEN, State
from notebookgen.ledger.reader import Reader

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from notebookgen.jobs.core import Core
    from notebookgen.jobs.handle import RunHandle
    from notebookgen.ledger.rows import AttemptRow

__all__ = ["CalledOff", "made_elsewhere", "runs_elsewhere", "runs_here", "spare"]

MOST_NAMED = 5
MAKING = "no longer waited for; another kernel is making it.\nRun it again to pick it up; it is not bought twice."
MADE = "no longer waited for; another kernel has made it.\nRun it again to have it, which costs nothing."
LEFT = (
    "no longer waited for; a kernel that has ended left it open.\nRun it again to pick it up; it is not bought twice."
)


@dataclass(frozen=True, slots=True)
class CalledOff:
    """What was not brought to be sent of runs that are cancelled, and never will be.

    Attributes:
        unsent: How many rows were sent by nobody.
        elsewhere: How many others another kernel has in hand, or has made.
    """

    unsent: int = 0
    elsewhere: int = 0


def runs_elsewhere(core: Core, run: str | None) -> str:
    """Return which living kernel has what in hand, of one run or of all; empty where no other one has anything."""
    reader = Reader(core.settings.home)
    runs: dict[str, list[str]] = {}
    for one, kernel in reader.in_hand(run):
        runs.setdefault(kernel, []).append(one)
    told: list[str] = []
    for kernel, its in runs.items():
        if kernel in {NOBODY, core.kernel.id} or not core.kernel.alive(kernel):
            continue
        name = ", ".join(part for part in (reader.notebook(kernel), core.kernel.words(kernel)) if part)
        told.append(f"another kernel{f' ({name})' if name else ''} is making {_named(its)}")
    return "; ".join(told)


def runs_here(runs: Collection[str]) -> str:
    """Return which runs this kernel itself has under way; empty where there is none."""
    return _named(sorted(runs)) + (" are" if len(runs) > 1 else " is") + " under way in this kernel" if runs else ""


def _named(runs: Sequence[str]) -> str:
    """Return runs by their names, the first few of many."""
    more = f" and {len(runs) - MOST_NAMED} more" if len(runs) > MOST_NAMED else ""
    return f"run{'s' * (len(runs) > 1)} {', '.join(runs[:MOST_NAMED])}{more}"


def made_elsewhere(core: Core, row: AttemptRow | None) -> NotebookgenError | None:
    """Return what is said of a row that was not sent here because it is not waited for any more; None where nobody has it."""
    if row is None or row.kernel in {NOBODY, core.kernel.id}:
        return None
    if row.state == State.SAVED:
        return NotebookgenError(MADE)
    if row.state not in OPEN:
        return None
    return NotebookgenError(MAKING if core.kernel.alive(row.kernel) else LEFT)


def spare(core: Core, handle: RunHandle, ids: Mapping[int, str]) -> int:
    """End the rows of a cancelled run that other kernels make or have made, and say so; return how many.

    Args:
        core: The engine's memory.
        handle: The run.
        ids: Rows of it that were not brought to be sent, with the ids of their generations.
    """
    reader = Reader(core.settings.home)
    rows = reader.last_attempts(list(ids.values()))
    words = {name: why for name, row in rows.items() if (why := made_elsewhere(core, row)) is not None}
    generations = reader.generations(list(words))
    places = [place for place, name in ids.items() if name in words]
    for place in places:
        handle.put(place, Delivered(generations[ids[place]], error=words[ids[place]], done=True))
    return len(places)
