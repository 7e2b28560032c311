"""What is said of a run that an account's limit holds back: by its creates, and by its looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from notebookgen.jobs.progress import Forecast, whole_seconds
from notebookgen.jobs.states import State
from notebookgen.jobs.survival import prior
from notebookgen.jobs.tally import Tally
from notebookgen.transport.limits import Limit
from notebookgen.transport.paced import Gate
from notebookgen.transport.pacing import Pace
from scripted import Listless, bench, idle, states, until, wanted

if TYPE_CHECKING:
    from pathlib import Path

SAID = "waiting: 1 a minute"


def test_looks_that_a_limit_holds_back_are_said(home: Path) -> None:
    """The job is sent, and only its looks wait: the line does not say that it runs, and nothing more."""
    with bench(home, idle(), Listless()) as desk:
        desk.lane.gate = Gate(Pace([Limit(1)]))
        handle = desk.start(wanted())
        until(lambda: states(handle) == ["submitted"])
        until(lambda: handle.snapshot().phase == SAID, seconds=20)


def test_who_comes_to_an_account_that_waits_already_is_told_at_once(home: Path) -> None:
    """One picture behind another one that is held back is not "starting" for a minute."""
    with bench(home, idle(), Listless()) as desk:
        desk.lane.gate = Gate(Pace([Limit(1)]))
        desk.start(wanted())
        second = desk.start(wanted("a hat"))
        until(lambda: second.snapshot().phase == SAID, seconds=20)
        third = desk.start(wanted("a shoe"))
        until(lambda: third.snapshot().phase == SAID, seconds=20)


def test_a_job_whose_file_is_coming_is_not_expected_to_run_once_more() -> None:
    """Rows that are made do not wait for a place."""
    forecast = Forecast(prior("image"), since=0.0)
    one = Tally()
    one.states[State.COMPLETED] = 1
    assert whole_seconds(forecast, one, 1, 0.0, 3.0) is None
    two = Tally()
    two.states[State.COMPLETED], two.states[State.SUBMITTED] = 1, 1
    assert whole_seconds(forecast, two, 2, 0.0, 3.0) == 3.0 + forecast.left(3.0)
