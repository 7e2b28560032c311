"""What was left open, taken up again: which runs it is of, what was found and what was saved, in one line wherever one asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

import notebookgen as ng
from notebookgen.client import default_client
from notebookgen.sandbox import Fault
from scripted import until
from three_services import accepted, numbered

if TYPE_CHECKING:
    from notebookgen.results import Results
    from notebookgen.sandbox import Handle

pytestmark = [pytest.mark.usefixtures("hasty"), pytest.mark.slow]

PICTURE = "apimodels:flux-2-klein-4b"


BLIND = Fault(kind="status", service="apimodels", purpose="status", status=503, count=None)


def killed(real: Handle, rows: int, *, start: int = 0, known: int = 0) -> Results:
    """Begin a run, and have its kernel end while all of it that is new is under way.

    Something of that kind was bought before: the first one goes alone.
    """
    real.configure(misbehave=(BLIND,))  # it is made, and nobody hears of it
    results = ng.map(numbered(rows, start=start), "row {n}.", model=PICTURE, budget=1, background=True)
    until(lambda: rows - known == results.handle.snapshot().states.get("submitted"))
    default_client().close()
    real.configure(misbehave=())
    return results


def held(real: Handle, rows: int) -> Results:
    """Make a run whose first row nobody knows the fate of."""
    real.configure(misbehave=[Fault(kind="lost_after", service="apimodels", contains="old 0.")])
    results = ng.map(numbered(rows), "old {n}.", model=PICTURE, budget=1)
    real.configure(misbehave=())
    assert "ambiguous" == results[0].status
    return results


def test_a_run_of_a_real_account_is_no_sandboxs(real: Handle) -> None:
    """Also where nothing of it is open any more."""
    run = ng.map(numbered(2), "row {n}.", model=PICTURE, budget=1)
    again = ng.resume(run.run)
    assert {"USD": again.cost["USD"]} == run.cost
    assert "sandbox" not in repr(again)
    assert 2 == len(again)


def test_a_run_of_the_sandbox_says_so(played: Handle) -> None:
    """Taken up again as well."""
    run = ng.map(numbered(2), "row {n}.", model="armox:sandbox/text")
    assert "sandbox" in repr(ng.resume(run.run))


def test_the_function_says_what_it_found(real: Handle) -> None:
    """``ng.resume()`` gives the run that was left, and its line says how much of it was open and what was saved."""
    ng.map(numbered(1), "row {n}.", model=PICTURE, budget=1)
    left = killed(real, 4, known=1)
    again = ng.resume()
    assert left.run == again.run
    assert f"run {left.run}: found 3 open, 3 saved · in all 4 saved" in repr(again)
    assert 4 == accepted(real, "apimodels")
    assert 0 == len(ng.resume())


@pytest.mark.parametrize("seen", [False, True], ids=["at once", "when it was over"])
def test_the_same_call_again_says_what_it_took_up(real: Handle, *, seen: bool) -> None:
    """What another kernel left is told apart from what was paid for before, also where it came home meanwhile."""
    ng.map(numbered(2), "row {n}.", model=PICTURE, budget=1)
    killed(real, 5, known=2)
    if seen:
        default_client()._house.engine  # noqa: B018 - opening the ledger takes up what is open
        until(lambda: 5 == ng.ledger().frame().filter(pl.col("status") == "saved").height)
    again = ng.map(numbered(5), "row {n}.", model=PICTURE, budget=1)
    assert "5 saved" in repr(again)
    if not seen:
        assert "took up 3 open, 3 saved" in repr(again)
    assert 5 == accepted(real, "apimodels")
    assert "took up" not in repr(ng.map(numbered(5), "row {n}.", model=PICTURE, budget=1))


def test_one_thing_that_is_taken_up_says_so(real: Handle) -> None:
    """A single cell run again after a kill."""
    real.configure(misbehave=(BLIND,))
    one = ng.generate("a fox", model=PICTURE, background=True)
    assert isinstance(one, ng.Result)
    until(lambda: one.status == "submitted")
    default_client().close()
    real.configure(misbehave=())
    assert "taken up where it was left" in ng.generate("a fox", model=PICTURE).handle.summary()


def test_of_several_runs_the_true_ones_are_named_and_only_what_was_open_is_given(real: Handle) -> None:
    """No made-up run; what was over long ago is not brought in again."""
    ng.map(numbered(2), "row {n}.", model=PICTURE, budget=1)
    first = killed(real, 4, known=2)
    second = killed(real, 3, start=10)
    again = ng.resume()
    assert {first.run, second.run} == set(again.handle.runs)
    assert [first.run, second.run] == again.run.split(", ")
    assert 2 + 3 == len(again)
    assert f"runs {again.run}: found 5 open, 5 saved · " in repr(again)
    assert "in all" not in repr(again)


def test_what_a_person_has_to_settle_brings_no_old_run_with_it(real: Handle) -> None:
    """Time and again it is given, and nothing else of its run; a run that was left in the middle is given as a whole."""
    old = held(real, 4)
    default_client().close()
    for _ in range(2):
        again = ng.resume()
        assert ([old.run], ["ambiguous"]) == (list(again.handle.runs), [one.status for one in again])
    left = killed(real, 3)
    again = ng.resume()
    assert [left.run, old.run] == list(again.handle.runs)
    assert ["saved"] * 3 + ["ambiguous"] == [one.status for one in again]
    assert "found 4 open, 3 saved, 1 ambiguous" in repr(again)
    again.resolve("write_off")
    assert 0 == again.ambiguous.height


def test_rows_of_several_runs_are_cancelled_in_each(real: Handle) -> None:
    """``cancel`` of what was taken up names runs that there are."""
    ng.map(numbered(1), "row {n}.", model=PICTURE, budget=1)
    killed(real, 2, known=1)
    killed(real, 2, start=10)
    again = ng.resume()
    again.cancel()
    assert ["nothing is under way, so there is nothing to cancel."] * 2 == list(again.said)


def test_a_look_at_a_run_does_not_take_back_that_it_was_handed_over(real: Handle) -> None:
    """``fresh`` after a resume is another one than what was delivered, also where a row of it is still in doubt."""
    old = held(real, 2)
    ng.resume(old.run)
    fresh = ng.map(numbered(2), "old {n}.", model=PICTURE, budget=1, fresh=True)
    assert 1 == fresh[1].handle.row(1).generation.sample


def test_what_this_kernel_has_under_way_was_left_by_nobody(played: Handle) -> None:
    """Beside a run in the background nothing is found open, and the run is named; asked for by its name, it is given."""
    played.configure(seconds=(2.0, 2.0))
    run = ng.map(numbered(200), "row {n}.", model="armox:sandbox/text", max_new=200, background=True, concurrency=4)
    until(lambda: {"intent", "submitted"} & {str(state) for state in run.handle.snapshot().states})
    beside, named = ng.resume(), ng.resume(run.run)
    run.cancel()

    assert f"nothing is left open here: run {run.run} is under way in this kernel" in repr(beside)
    assert 0 == len(beside)
    assert "under way in this kernel" in repr(named)
    assert "never sent" not in repr(named)
    assert 0 < len(named)
