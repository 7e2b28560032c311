"""What a plan says of a fresh run is what it buys: samples that an ended run has left unused are taken, and not bought."""

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

pytestmark = pytest.mark.usefixtures("hasty")

PICTURE = "apimodels:flux-2-klein-4b"
BLIND = Fault(kind="status", service="apimodels", purpose="status", status=503, count=None)
FRESH = {"model": PICTURE, "budget": 1, "fresh": True}


def killed(real: Handle, rows: int) -> Results:
    """Have a kernel end with a fresh run under way; what it costs is known, so that none of its rows goes alone."""
    ng.map(numbered(1, start=90), "row {n}.", model=PICTURE, budget=1)
    real.configure(misbehave=(BLIND,))
    results = ng.map(numbered(rows), "row {n}.", background=True, **FRESH)
    until(lambda: rows == results.handle.snapshot().states.get("submitted"))
    default_client().close()
    real.configure(misbehave=())
    return results


def planned(frame: pl.DataFrame, **more: object) -> dict[str, int]:
    """Return what a plan counts."""
    counts = ng.plan(frame, "row {n}.", **{**FRESH, **more}).counts
    return {name: count for name, count in counts.items() if count}


@pytest.mark.parametrize("later", [False, True], ids=["under way", "home by then"])
def test_what_a_killed_fresh_run_has_begun_is_not_planned_as_new(real: Handle, *, later: bool) -> None:
    """The plan, and then the run, take it up; only what is beyond it costs anything."""
    killed(real, 3)
    if later:
        ng.resume()
    frame = pl.DataFrame({"n": [0, 1, 1, 2, 3]})
    assert {"new": 1, "running": 3, "duplicate": 1} == planned(frame)
    plan = ng.plan(frame, "row {n}.", **FRESH)
    before = accepted(real, "apimodels")
    results = plan.run()
    assert ["saved"] * 5 == [one.status for one in results]
    assert before + 1 == accepted(real, "apimodels")
    assert plan.cost == {"USD": results[4].cost.amount}
    assert {"new": 4, "duplicate": 1} == planned(frame)  # all of that was handed over


def test_several_samples_are_planned_one_by_one(real: Handle) -> None:
    """Of two that are wanted, the one that was begun is there."""
    killed(real, 2)
    assert {"running": 2, "new": 4} == planned(numbered(3), samples=2)


def test_what_a_living_run_waits_for_is_not_the_next_ones(real: Handle) -> None:
    """A fresh run beside another one buys its own."""
    ng.map(numbered(1, start=90), "row {n}.", model=PICTURE, budget=1)
    real.configure(misbehave=(BLIND,))
    first = ng.map(numbered(2), "row {n}.", background=True, **FRESH)
    until(lambda: 2 == first.handle.snapshot().states.get("submitted"))
    assert {"new": 2} == planned(numbered(2))
    real.configure(misbehave=())
    ng.map(numbered(2), "row {n}.", tag="another", **FRESH)
    assert 1 + 4 == accepted(real, "apimodels")


def test_the_plan_of_one_thing_agrees_too(real: Handle) -> None:
    """``--dry-run`` of a cell."""
    assert "new" == default_client().quote("a fox", model=PICTURE, fresh=True).state
    ng.map(numbered(1, start=90), "row {n}.", model=PICTURE, budget=1)
    real.configure(misbehave=(BLIND,))
    one = ng.generate("a fox", model=PICTURE, fresh=True, background=True)
    assert isinstance(one, ng.Result)
    until(lambda: one.status == "submitted")
    assert "new" == default_client().quote("a fox", model=PICTURE, fresh=True).state
    default_client().close()
    assert "running" == default_client().quote("a fox", model=PICTURE, fresh=True).state
    real.configure(misbehave=())
    ng.generate("a fox", model=PICTURE, fresh=True)
    assert 2 == accepted(real, "apimodels")
    assert ("new", 2) == (
        (quote := default_client().quote("a fox", model=PICTURE, fresh=True, samples=2)).state,
        quote.new,
    )
