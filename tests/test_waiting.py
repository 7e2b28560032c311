"""What a wait that ended says: true words for each state, and the engine's own trouble before anything else."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

import pytest

import notebookgen as ng
from notebookgen.errors import LedgerError, StillRunning, Stopped
from notebookgen.jobs.budget import NO_BUDGET
from notebookgen.jobs.delivered import Delivered
from notebookgen.jobs.handle import RunHandle
from notebookgen.jobs.states import State
from notebookgen.results import Results
from notebookgen.results.waiting import delivered, delivered_any, still_running
from scripted import wanted

if TYPE_CHECKING:
    from pathlib import Path


def run(count: int = 1) -> RunHandle:
    """Return a run of which nothing has come yet."""
    generations = [wanted(sample=sample) for sample in range(count)]
    return RunHandle("0123456789", generations, clock=lambda: 0.0, stop=lambda _: "stopped")


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (State.PLANNED, "It was not sent yet, and is sent as soon as it can be."),
        (State.INTENT, "It was sent, and the answer is still to come"),
        (State.SUBMITTED, "The job goes on and nothing is lost."),
        (State.COMPLETED, "It is made and paid for; the file is still coming."),
        (State.AMBIGUOUS, "nobody knows yet whether it was accepted"),
    ],
)
def test_the_words_are_those_of_the_state(state: State, words: str) -> None:
    """Nobody is told that a job goes on where none was accepted, nor that nothing was charged where that is unknown."""
    handle = run()
    handle.put(0, Delivered(wanted(), state, job="job-7"))
    error = still_running(handle, handle.row(0))

    assert words in str(error)
    assert f"it is {state}" in str(error)
    assert ("cancel" if state is State.PLANNED else "resume") + "('0123456789')" in str(error)
    assert ("job-7", wanted().id) == (error.job, error.id)
    assert "nothing was charged" not in str(error)


def test_a_wait_that_ended_leaves_what_was_begun_to_the_next_call() -> None:
    """From then on the same call picks it up, also one with ``fresh``; before, another one is another wish."""
    one, several = run(), run(2)
    assert (False, False) == (one.released, several.released)
    with pytest.raises(StillRunning):
        delivered(Results(one, lambda _: [])[0])
    delivered_any(Results(several, lambda _: []))

    assert (True, True) == (one.released, several.released)


def test_who_waits_until_the_end_has_got_it_even_if_a_look_was_late() -> None:
    """The end is told to who waits and to the ledger as one: there is no moment in which it is taken and is not."""
    taken, left = run(), run()
    taken.budget = left.budget = NO_BUDGET
    taken.put(0, Delivered(wanted(), State.SAVED, done=True))
    delivered(Results(taken, lambda _: [])[0])
    left.release()
    left.put(0, Delivered(wanted(), State.SAVED, done=True))

    assert (True, False) == (taken.taken, taken.released)
    assert (False, True) == (left.taken, left.released)


@pytest.mark.slow
@pytest.mark.usefixtures("hasty", "played")
def test_fresh_after_an_interrupted_one_is_given_once(home: Path) -> None:
    """A wait that ended leaves its sample to the next fresh call; the one after that buys another."""
    for number in range(8):
        asked = partial(ng.generate, f"a fox {number}", model="armox:sandbox/text", fresh=True)
        with suppress(StillRunning):
            asked(timeout=0.001)
        first, second = asked(), asked()
        assert first.id != second.id
    assert (home / "ledger.sqlite").exists()


def test_the_trouble_of_the_engine_comes_first() -> None:
    """Whether one was asked for or several, and although some of them were saved."""
    one, several = run(), run(2)
    several.put(0, Delivered(wanted(), State.SAVED, done=True))
    for handle in (one, several):
        handle.fail(LedgerError("the ledger is gone"))

    with pytest.raises(LedgerError, match="the ledger is gone"):
        delivered(Results(one, lambda _: [])[0])
    with pytest.raises(LedgerError, match="the ledger is gone"):
        delivered_any(Results(several, lambda _: []))
    with pytest.raises(LedgerError, match="the ledger is gone"):
        Results(several, lambda _: [])[1].wait()


def test_stop_ends_the_wait_for_a_run_in_the_background_and_not_the_run() -> None:
    """One line says that it goes on, and what to type to end it."""

    class Interrupted(RunHandle):
        def wait(self, timeout: float) -> bool:
            raise KeyboardInterrupt

    handle = Interrupted("0123456789", [wanted()], clock=lambda: 0.0, stop=lambda _: "stopped")
    for one in (Results(handle, lambda _: []), Results(handle, lambda _: [])[0]):
        with pytest.raises(Stopped, match=r"(?s)goes on.*ng\.Client\(\)\.cancel\('0123456789'\)"):
            one.wait()
    assert not handle.stopped
