"""While a large frame is looked at, one line says how far; what is planned soon is not spoken of; Stop sends nothing."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import polars as pl
import pytest

import notebookgen as ng
from notebookgen.client import set_follower
from notebookgen.errors import Stopped
from notebookgen.notebook.planning import GRACE, planning
from notebookgen.notebook.progress import quietly

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Board:
    """Keeps what was shown."""

    def __init__(self) -> None:
        self.shown: list[str] = []

    def show(self, text: str) -> None:
        self.shown.append(text)

    def end(self, text: str) -> None:
        self.shown.append(text)


class Clock:
    """Seconds that pass when somebody says so."""

    def __init__(self) -> None:
        self.now = 50.0

    def __call__(self) -> float:
        return self.now


def planned(seconds: float, *, parts: int = 20) -> list[str]:
    """Plan 20,000 rows in so many seconds; return what was seen."""
    board, clock = Board(), Clock()
    with planning(board=lambda: board, clock=clock) as tick:
        for part in range(parts):
            clock.now += seconds / parts
            tick((part + 1) * 1000, parts * 1000)
    return board.shown


def test_what_takes_a_while_is_shown_as_it_goes_and_ends_in_one_line() -> None:
    """Twenty thousand rows in ten seconds: from the second second on, and a last line that stays true."""
    shown = planned(10.0)

    assert ("planning: 2,000 of 20,000 rows", "planning: 20,000 of 20,000 rows") == (shown[0], shown[-2])
    assert "planned 20,000 rows in 10 s" == shown[-1]
    assert 20 == len(shown)


def test_what_is_planned_soon_is_not_spoken_of() -> None:
    """A frame of an ordinary size leaves no line behind."""
    assert [] == planned(GRACE * 0.9)


def test_it_is_drawn_seldom() -> None:
    """A thousand parts in two seconds make a few drawings, not a thousand."""
    assert 7 >= len(planned(2.0, parts=1000))


def test_stop_while_planning_sends_nothing_and_says_so() -> None:
    """The line ends as what happened, and the error is one line without a traceback of ours."""
    board, clock = Board(), Clock()

    def plan() -> None:
        with planning(board=lambda: board, clock=clock) as tick:
            clock.now += 5
            tick(1000, 9000)
            raise KeyboardInterrupt

    with pytest.raises(Stopped, match="Nothing was sent"):
        plan()

    assert ["planning: 1,000 of 9,000 rows", "planning: stopped"] == board.shown


@pytest.mark.parametrize(("planning_too", "seen"), [(False, 0), (True, 2)])
def test_quiet_is_quiet(*, planning_too: bool, seen: int) -> None:
    """``--quiet`` silences it; a run that is shown elsewhere does not silence its planning."""
    board, clock = Board(), Clock()
    with quietly(planning=planning_too), planning(board=lambda: board, clock=clock) as tick:
        clock.now += 5
        tick(9000, 9000)

    assert seen == len(board.shown)


def test_a_real_plan_tells_how_far_it_is(home: Path) -> None:
    """Rows, not samples, and each part once: what is learned of a model at its first row does not begin at the last."""
    told: list[tuple[int, int]] = []

    @contextlib.contextmanager
    def keeping() -> Iterator[object]:
        yield lambda done, total: told.append((done, total))

    ng.configure(sandbox=True)
    set_follower(None, None, keeping)  # type: ignore[arg-type]  # a generator's context is one like any other
    try:
        ng.plan(pl.DataFrame({"n": range(2500)}), "A {n}", model="armox:sandbox/text", samples=2, max_new=5000)
    finally:
        set_follower(None)

    assert [(64, 2500), (1064, 2500), (2064, 2500), (2500, 2500)] == told
    assert not (home / "ledger.sqlite").exists()
