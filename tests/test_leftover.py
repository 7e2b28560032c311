"""Where a run's money ends: nothing behind that row is sent, and what is said of the rest is what the rest takes."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

import notebookgen as ng
from notebookgen.errors import BudgetExceeded
from notebookgen.jobs.budget import parse_budget
from notebookgen.jobs.feeding import AHEAD
from notebookgen.jobs.ticket import Wish
from notebookgen.ledger.frame import Ledger
from notebookgen.ledger.views import runs_view
from notebookgen.records import NO_COST, Cost
from scripted import PRICE, WAIT, Held, Shop, bench, idle, reply, states, until, wanted
from test_feeding import Rows, begun
from three_services import accepted, numbered

if TYPE_CHECKING:
    from pathlib import Path

    from notebookgen.sandbox import Handle
    from scripted import Bench

pytestmark = pytest.mark.usefixtures("hasty")

CHEAP, DEAR = "apimodels:claude-haiku-4-5-20251001", "apimodels:claude-sonnet-4-6"
PICTURE = "armox:google/nano-banana"  # 70 credits
CLIP = "armox:xai/grok-video-image-to-video"  # a base figure only
FIVE = Cost(Decimal(5), "USD", "listed")


def models(count: int, dear: int) -> pl.DataFrame:
    """Return so many rows, of which one has the dear model."""
    return numbered(count).with_columns(m=pl.when(pl.col("n") == dear).then(pl.lit(DEAR)).otherwise(pl.lit(CHEAP)))


def saved(results: ng.Results) -> list[int]:
    return [place for place, one in enumerate(results) if one.status == "saved"]


def why(results: ng.Results) -> str:
    """Return what is said of the first row that was not sent."""
    return str(next(one.error for one in results if one.status == "planned"))


# Behind the row that does not fit ------------------------------------------------------------------------------------


def test_nothing_is_sent_behind_the_row_that_does_not_fit(real: Handle) -> None:
    """The plan says where a budget stops, and there it does: a cheaper row behind it is not sent in its place."""
    ng.configure(prices={CHEAP: "0.0001", DEAR: "0.01"})
    plan = ng.plan(models(120, 10), "row {n}", model=ng.col("m"), budget="0.006 USD")
    results = plan.run()

    assert "row 10" == plan.stops
    assert list(range(10)) == saved(results)
    assert {"saved", "planned"} == {one.status for one in results}
    assert 10 == accepted(real, "apimodels")


def test_a_row_that_another_run_wants_goes_on_for_that_one(home: Path) -> None:
    """The run whose budget has ended pays for nothing more; another one that waits for the same row does."""
    shop = Shop()
    held = Held(shop)
    shop.orders.append(held)
    with bench(home, shop, concurrency=1) as desk:
        first = desk.engine.start(
            [wish(desk, "a"), wish(desk, "dear", FIVE), wish(desk, "b"), wish(desk, "c")], budget=parse_budget("2 USD")
        )
        until(lambda: shop.seen.get("create"))
        other = desk.engine.start([wish(desk, "c"), wish(desk, "b")], budget=parse_budget("2 USD"))
        held.go.set()
        assert first.wait(WAIT)
        assert other.wait(WAIT)
        assert ["saved", "planned", "planned", "planned"] == states(first)
        assert ["saved", "saved"] == states(other)
        assert ({"USD": PRICE.amount}, {"USD": Decimal(1)}) == (first.spent, other.spent)
        assert {} == desk.engine.call(lambda: desk.engine._core.tickets)
    assert 3 == len(shop.jobs)


def test_what_is_under_way_behind_it_still_comes(home: Path) -> None:
    """A row far behind that an earlier call has paid for is not among those that the budget leaves unsent."""
    shop = idle()
    texts = ["a", "dear", *(f"coat {number}" for number in range(2 * AHEAD + 20)), "b", "a"]
    with bench(home, shop) as desk:
        before = desk.start(wanted("b"), budget=parse_budget("none"))
        until(lambda: states(before) == ["submitted"])
        handle = begun(desk, texts, budget="2 USD", kind=Dear)
        shop.finished = True
        assert handle.wait(WAIT), handle.snapshot()
        found = states(handle)
        assert ["saved", "planned", "planned"] == found[:3]
        assert ["planned", "saved", "saved"] == found[-3:]
    assert 2 == len(shop.jobs)


class Dear(Rows):
    """Rows of which one does not fit into the budget."""

    def priced(self, wish: Wish) -> Wish:
        return replace(wish, price=FIVE if wish.generation.prompt == "dear" else PRICE)


def wish(desk: Bench, prompt: str, price: Cost = PRICE) -> Wish:
    return Wish(wanted(prompt), desk.lane, None, price)


@pytest.mark.parametrize(("other", "model"), [(CHEAP, DEAR), (PICTURE, CLIP)])
def test_a_budget_that_cannot_hold_is_refused_wherever_the_row_stands(real: Handle, other: str, model: str) -> None:
    """One row of unknown price, or with a base figure only, behind others: nothing is sent, and it is said what to say."""
    ng.configure(prices={CHEAP: "0.0001"})
    frame = pl.DataFrame({"n": [0, 1, 2, 3], "m": [other, other, model, other]})
    images: Any = {"images": "https://example.org/a.png"} if model == CLIP else {}
    with pytest.raises(BudgetExceeded) as caught:
        ng.map(frame, "row {n}", model=ng.col("m"), budget={"USD": 1, "credits": 5000}, **images)

    said = str(caught.value)
    assert model in said
    assert "cannot hold. Nothing was sent." in said
    assert "max_new=4" in said
    assert (0, 0) == (accepted(real, "apimodels"), accepted(real, "armox"))


def test_a_budget_that_cannot_hold_over_several_kinds_is_refused(home: Path) -> None:
    """Also where the rows are few, as in another try for what failed: the first ones are not sent either."""
    shop = Shop()
    with bench(home, shop) as desk:
        wishes = [wish(desk, "a"), Wish(wanted("b", cut="wide"), desk.lane, None, NO_COST)]
        with pytest.raises(BudgetExceeded, match=r"tailor:coat, so .*\n.*max_new=2"):
            desk.engine.start(wishes, budget=parse_budget("2 USD"))
        assert {} == desk.engine.call(lambda: desk.engine._core.tickets)
    assert not shop.jobs


# What the rest needs -------------------------------------------------------------------------------------------------


def test_the_budget_that_is_named_brings_the_rest(real: Handle) -> None:
    """Who runs the call again with the budget that is named gets all that is left, and buys nothing twice."""
    ng.configure(prices={CHEAP: "0.0006"})
    results = ng.map(numbered(20), "row {n}", model=CHEAP, budget="0.003 USD")
    said = why(results)
    assert "the budget has 0 USD left. Nothing was sent." in said
    assert "What is left, 15 new ones, needs 0.009 USD. Run it again with budget=0.009;" in said

    again = ng.map(numbered(20), "row {n}", model=CHEAP, budget=named(said))
    assert ({"saved"}, 20) == ({one.status for one in again}, accepted(real, "apimodels"))


def test_the_count_that_is_named_brings_the_rest(real: Handle) -> None:
    """A count begins at nought in each call, too: what is named is how many are left, equal rows once."""
    frame = pl.concat([numbered(12), numbered(12)])
    results = ng.map(frame, "row {n}", model=CHEAP, max_new=5)
    said = why(results)
    assert "max_new=5 is reached" in said
    assert "Run it again with max_new=7 for what is left" in said

    again = ng.map(frame, "row {n}", model=CHEAP, max_new=7)
    assert ({"saved"}, 12) == ({one.status for one in again}, accepted(real, "apimodels"))


def test_the_cap_that_is_named_has_room_for_the_rest(real: Handle) -> None:
    """A cap over the ledger's life counts on: it is raised by what all of the rest needs, and not by one row."""
    ng.configure(prices={CHEAP: "0.001"}, total_budget={"apimodels": "0.004 USD"})
    results = ng.map(numbered(10), "row {n}", model=CHEAP, budget=1)
    said = why(results)
    assert "What is left, 6 new ones, needs 0.006 USD. Raise it:" in said
    assert "total_budget={'apimodels': '0.01 USD per life'}" in said

    ng.configure(total_budget={"apimodels": "0.01 USD per life"})
    again = ng.map(numbered(10), "row {n}", model=CHEAP, budget=1)
    assert ({"saved"}, 10) == ({one.status for one in again}, accepted(real, "apimodels"))


def test_of_several_units_each_is_named(real: Handle) -> None:
    """Dollars and credits are never one number."""
    ng.configure(prices={CHEAP: "0.001"})
    frame = pl.DataFrame({"n": range(6), "m": [CHEAP, PICTURE] * 3})
    results = ng.map(frame, "row {n}", model=ng.col("m"), budget={"USD": 1, "credits": 100})

    assert [0, 1, 2] == saved(results)
    assert "needs 0.001 USD + 140 credits. Run it again with budget={'USD': 0.001, 'credits': 140}" in why(results)


def test_what_failed_is_bought_again_by_the_same_call_and_is_counted(home: Path) -> None:
    """The same call again tries what failed before it sends what is left: what is named is enough for both."""
    shop = Shop()
    shop.orders.extend([reply(400, {"error": "no"})])
    with bench(home, shop, concurrency=1) as desk:
        first = desk.bring(*(wanted(f"coat {number}") for number in range(6)), budget=parse_budget("1 USD"))
        assert ["refused", "saved", "saved", "planned", "planned", "planned"] == states(first)
        said = str(first.row(5).error)
        assert "What is left, 4 new ones, needs 2 USD." in said
        desk.bring(*(wanted(f"coat {number}") for number in range(6)), budget=parse_budget(named(said)))
    assert 6 == len(shop.jobs)


def test_fresh_is_bought_anew_and_says_so(home: Path) -> None:
    """The same call again takes other samples of all rows: what is named is for all of them."""
    with bench(home, Shop(), concurrency=1) as desk:
        handle = begun(desk, ["a", "b", "c", "d"], budget="1 USD", fresh=True)
        assert handle.wait(WAIT)
        said = str(handle.row(3).error)
    assert "All of it is bought anew by the same call, 4 new ones, and needs 2 USD. Run it again with budget=2." in said


def test_what_it_costs_now_counts_for_the_rest(home: Path) -> None:
    """What turned out dearer than listed is reserved so from then on, and the rest is reckoned with it."""
    shop = Shop()
    listed = Cost(Decimal("0.1"), "USD", "listed")
    with bench(home, shop, concurrency=1) as desk:
        wishes = [wish(desk, f"coat {number}", listed) for number in range(6)]
        first = desk.engine.start(wishes, budget=parse_budget("1 USD"))
        assert first.wait(WAIT)
        assert ["saved"] * 2 + ["planned"] * 4 == states(first)
        assert "What is left, 4 new ones, needs 2 USD." in str(first.row(5).error)


# What is kept of it ---------------------------------------------------------------------------------------------------


def test_a_run_is_told_with_all_its_rows(real: Handle) -> None:
    """Rows that were never brought to be sent are counted from the beginning; taken up again, it is said how many."""
    frame = pl.DataFrame({"n": [*range(3 * AHEAD), None]})
    results = ng.map(frame, "row {n}", model=CHEAP, max_new=2)
    runs = ng.runs()
    assert [(len(results), 2)] == runs.select("rows", "saved").rows()
    assert f"2 saved, {len(results) - 2} not sent" in " ".join(repr(runs_view(runs)).split())

    resumed = ng.resume(results.run)
    unknown = len(results) - 1 - len(resumed)  # the skipped one is never sent
    assert unknown > 0
    assert f"{unknown} more never sent: run it again" in repr(resumed)


def test_the_number_of_rows_takes_no_write_for_each(home: Path) -> None:
    """What is written when a run begins does not grow with it, and what other kernels may still send is counted."""
    shop = idle()
    with bench(home, shop, concurrency=2) as desk:
        handle = begun(desk, ["a", None, *(f"coat {number}" for number in range(5 * AHEAD))])
        until(lambda: states(handle).count("submitted") == 2)
        written = desk.asked(lambda store: len(store.generations_of(handle.id)))
        assert written <= 2 + AHEAD
        assert handle.total - 1 - 2 == desk.asked(lambda store: store.unsent_rows(handle.id))
        assert [(handle.total, 2)] == Ledger(home).runs().select("rows", "open").rows()


def test_two_units_count_each_row_once(real: Handle) -> None:
    """A run that is paid in two units has two lines: together they have all its rows."""
    frame = numbered(2 * AHEAD).with_columns(
        m=pl.when(pl.col("n") % 2 == 0).then(pl.lit(CHEAP)).otherwise(pl.lit(PICTURE))
    )
    results = ng.map(frame, "row {n}", model=ng.col("m"), max_new=2)
    runs = ng.runs()
    assert (2, len(results), 2) == (runs.height, runs["rows"].sum(), runs["saved"].sum())


def named(said: str) -> str:
    """Return the budget that a message says to type."""
    found = re.search(r"budget=([\d.]*\d)", said)
    assert found is not None, said
    return found[1]
