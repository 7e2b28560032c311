"""What a row was paid for in all: the frame, a result, the run's cost and the ledger say the same, however often it was tried."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl
import pytest

import notebookgen as ng
from notebookgen.client import default_client
from notebookgen.jobs import answers
from notebookgen.jobs.delivered import Delivered
from notebookgen.jobs.states import State
from notebookgen.jobs.tally import in_all
from notebookgen.records import NO_COST, Cost, nothing
from notebookgen.sandbox import Fault
from scripted import wanted
from three_services import numbered

if TYPE_CHECKING:
    from notebookgen.results import Results
    from notebookgen.sandbox import Handle

pytestmark = pytest.mark.usefixtures("hasty")

PICTURE = "apixo:nano-banana"
PRICE = Decimal("0.03")


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "UNCLEAR_PAUSE", 0.1)


def agreed(results: Results) -> list[Decimal]:
    """Return what each row cost, once the frame, the results, the run's cost and the ledger say the same."""
    frame = results.frame
    own = frame.filter(~pl.col("gen_cached"))
    (run,) = ng.runs().filter(pl.col("run") == results.run)["net"]
    assert [run, run] == [results.cost["USD"], own["gen_cost"].sum()]
    assert frame["gen_cost"].to_list() == [one.cost.amount for one in results]
    assert {"USD"} == set(frame["gen_unit"])
    return [amount.normalize() for amount in frame["gen_cost"]]


@pytest.mark.parametrize("way", ["beforehand", "all", "by id", "written off"])
def test_what_was_sent_twice_is_in_its_row(real: Handle, way: str) -> None:
    """Both creates may be charged, so both stand in the row, in this kernel and in a later one."""
    real.configure(misbehave=[Fault(kind="lost_after", service="apixo", contains=f"row {n}.") for n in (1, 2)])
    word = "resubmit" if way == "beforehand" else "hold"
    results = ng.map(numbered(4), "row {n}.", model=PICTURE, budget=1, on_ambiguous=word)
    if way in {"all", "written off"}:
        results.resolve("resubmit" if way == "all" else "write_off")
    for name in results.ambiguous["gen_id"] if way == "by id" else ():
        one = ng.resolve(name, "resubmit")
        assert isinstance(one, ng.Result)
        assert 2 * PRICE == one.cost.amount
    tries = 1 if way == "written off" else 2
    assert [PRICE, tries * PRICE, tries * PRICE, PRICE] == agreed(results)
    default_client().close()
    assert [PRICE, tries * PRICE, tries * PRICE, PRICE] == agreed(ng.resume(results.run))


def test_what_failed_and_was_not_refunded_is_in_its_row(real: Handle) -> None:
    """Each try of it that was charged; a row that another run has paid for stands as that one has it."""
    real.configure(fail=1.0, fail_code="MODEL_UNAVAILABLE", refunds=False)
    results = ng.map(numbered(2), "row {n}.", model=PICTURE, budget=1)
    assert [PRICE] * 2 == agreed(results)
    results.retry()
    assert [2 * PRICE] * 2 == agreed(results)
    real.configure(fail=0.0, fail_code=None)
    assert [3 * PRICE] * 2 == agreed(results.retry())
    again = ng.map(numbered(3), "row {n}.", model=PICTURE, budget=1)
    assert [PRICE] * 3 == again.frame["gen_cost"].to_list()
    assert {"USD": PRICE} == again.cost


def test_equal_rows_are_told_once_in_a_later_kernel_too(real: Handle) -> None:
    """What they share is paid once, and so it stands in one of them."""
    results = ng.map(pl.DataFrame({"n": [5, 5, 6]}), "row {n}.", model=PICTURE, budget=1)
    default_client().close()
    again = ng.resume(results.run)
    assert {"USD": 2 * PRICE} == results.cost == again.cost
    assert [PRICE, Decimal(0), PRICE] == again.frame["gen_cost"].to_list() == results.frame["gen_cost"].to_list()


@pytest.mark.parametrize(
    ("state", "cost", "expected"),
    [
        (State.SAVED, Cost(PRICE, "USD", "reported"), Cost(2 * PRICE, "USD", "listed")),
        (State.SAVED, NO_COST, NO_COST),
        (State.SAVED, Cost(PRICE, "credits", "reported"), Cost(PRICE, "credits", "reported")),
        (State.SUBMITTED, NO_COST, Cost(PRICE, "USD", "listed")),
        (State.REFUSED, nothing("USD"), Cost(PRICE, "USD", "listed")),
        (State.PLANNED, nothing(), Cost(PRICE, "USD", "listed")),
    ],
)
def test_units_are_kept_apart_and_what_nobody_knows_stays_unknown(state: State, cost: Cost, expected: Cost) -> None:
    """Of what is under way nothing is spent yet but what came before."""
    before = [Cost(PRICE, "USD", "listed")]
    assert expected == in_all(Delivered(wanted(), state, cost), before)
    assert cost == in_all(Delivered(wanted(), state, cost), ())


def test_another_runs_try_adds_nothing_to_the_rows_own(real: Handle) -> None:
    """A row that failed twice here cost two tries here, also once another run has bought the same content."""
    real.configure(fail=1.0, refunds=False, fail_code="MODEL_UNAVAILABLE")
    first = ng.map(numbered(1), "row {n}.", model=PICTURE, budget=1).retry()
    assert [2 * PRICE] == agreed(first)
    real.configure(fail=0.0, fail_code=None)
    second = ng.map(numbered(1), "row {n}.", model=PICTURE, budget=1)
    assert [[2 * PRICE], [PRICE]] == [agreed(first), agreed(second)]


def test_another_runs_failed_try_is_not_a_resumed_runs(real: Handle) -> None:
    """Each of two runs has failed once over the same row; taken up in a later kernel, each tells its own part."""
    real.configure(fail=1.0, refunds=False, fail_code="MODEL_UNAVAILABLE")
    runs = [ng.map(numbered(1), "row {n}.", model=PICTURE, budget=1).run for _ in range(2)]
    default_client().close()
    costs = [ng.resume(run).cost for run in runs]
    assert [{"USD": PRICE}] * 2 == costs


@pytest.mark.parametrize("action", ["write_off", "adopt"])
def test_equal_rows_share_what_was_settled_later(real: Handle, action: str) -> None:
    """One was bought, so one is counted, also where a person has settled it after the run was over."""
    real.configure(misbehave=[Fault(kind="lost_after", service="apixo")])
    results = ng.map(pl.DataFrame({"n": [1, 1]}), "row {n}.", model=PICTURE, budget=1)
    (job,) = [one["id"] for one in real.state()["creates"]]
    ng.resolve(results.ambiguous["gen_id"][0], action, job=job if action == "adopt" else None)
    assert ([PRICE], {"USD": PRICE}) == (
        ng.runs().filter(pl.col("run") == results.run)["net"].to_list(),
        results.cost,
    )


def test_whoever_holds_a_run_hears_of_tries_by_another_handle(real: Handle) -> None:
    """What is tried again with the results that ``resume`` gave is the run's, so that the first results tell of it, too."""
    real.configure(fail=1.0)
    results = ng.map(numbered(3), "row {n}.", model=PICTURE, budget=1)
    assert ["failed"] * 3 == results.frame["gen_status"].to_list()
    real.configure(fail=0.0)
    resumed = ng.resume(results.run)
    resumed.retry()
    assert ["saved"] * 3 == results.frame["gen_status"].to_list()
    assert agreed(results) == agreed(resumed)
