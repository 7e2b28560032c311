"""Nobody spends on more than fifty new generations without having said how much."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from notebookgen.errors import BudgetExceeded, BudgetNeeded, InvalidCall
from notebookgen.jobs.budget import parse_budget
from notebookgen.jobs.consent import MOST
from notebookgen.jobs.ticket import Wish
from notebookgen.records import NO_COST, Cost
from scripted import PRICE, REALM, WAIT, Held, Shop, bench, reply, until, wanted

if TYPE_CHECKING:
    from pathlib import Path


pytestmark = pytest.mark.usefixtures("hasty")


def many(count: int) -> list[object]:
    return [wanted(f"coat {number}") for number in range(count)]


def test_more_than_fifty_without_a_cap_are_not_sent(home: Path) -> None:
    """The answer is the price tag and what to add; nothing is sent and no run is written down."""
    with bench(home, Shop()) as desk:
        with pytest.raises(BudgetNeeded) as caught:
            desk.start(*many(MOST + 1))
        assert 0 == desk.asked(lambda store: store._one("SELECT count(*) FROM runs")[0])
    assert 0 == desk.shop.seen.get("create", 0)
    said = str(caught.value)
    assert f"{MOST + 1} new generations" in said
    assert "25.5" in said
    assert "budget=" in said
    assert f"max_new={MOST + 1}" in said
    assert len(said.splitlines()) <= 4


def test_samples_count_each(home: Path) -> None:
    """Sixty samples of one prompt are sixty purchases."""
    with bench(home, Shop()) as desk, pytest.raises(BudgetNeeded):
        desk.engine.start([Wish(wanted(), desk.lane, None, PRICE, samples=60)])


@pytest.mark.slow
@pytest.mark.parametrize("said", [{"value": "none"}, {"value": 100}, {"value": None, "max_new": 60}])
def test_any_cap_said_is_enough(home: Path, said: dict[str, object]) -> None:
    """A budget, a count, or that there is no cap: each is a person's word."""
    with bench(home, Shop()) as desk:
        handle = desk.bring(*many(MOST + 1), budget=parse_budget(said["value"], max_new=said.get("max_new")))
    assert {"saved"} == {str(row.state) for row in handle.rows()}


def test_what_is_paid_for_already_and_what_is_equal_do_not_count(home: Path) -> None:
    """Fifty rows, their doubles, and one that is bought: fifty new ones at the most."""
    with bench(home, Shop()) as desk:
        desk.bring(wanted("bought before"))
        handle = desk.bring(*many(MOST), *many(MOST), wanted("bought before"))
    assert 2 * MOST + 1 == len(handle.rows())
    assert MOST + 1 == desk.shop.seen["create"]


def test_what_another_run_has_not_sent_yet_is_new(home: Path) -> None:
    """The same again, while a run under a budget still waits with it: a run without a word does not pay for the rest."""
    shop = Shop()
    held = Held(shop)
    shop.orders.append(held)
    with bench(home, shop, concurrency=1) as desk:
        first = desk.start(*many(2 * MOST), budget=parse_budget("1 USD"))
        try:
            with pytest.raises(BudgetNeeded, match=f"{2 * MOST - 1} new generations"):
                desk.start(*many(2 * MOST))
        finally:
            held.go.set()
        assert first.wait(WAIT)
    assert 2 == shop.seen["create"]


@pytest.mark.slow
def test_no_run_buys_more_than_fifty_without_a_word(home: Path) -> None:
    """Rows that another run was to pay for, and does not: taken over up to fifty, and no further."""
    shop = Shop()
    held = Held(shop, reply(429, {}, **{"retry-after": "0.01"}))
    shop.orders.extend([held] * (MOST + 10))
    with bench(home, shop, concurrency=MOST + 10) as desk:
        first = desk.start(*many(MOST + 10), budget=parse_budget("none"))
        until(lambda: shop.seen.get("create") == MOST + 10)
        second = desk.start(*many(MOST + 10))  # all are being sent for the first one
        first.stop()
        held.go.set()
        assert second.wait(WAIT)
        kinds = Counter(str(row.state) for row in second.rows())
    assert {"saved": MOST, "planned": 10} == kinds
    assert MOST == len(shop.jobs)
    assert "no budget was given" in str(next(row.error for row in second.rows() if row.error))


@pytest.mark.parametrize(("charged", "creates"), [("0.5", 3), ("0", 6)])
def test_a_count_bounds_what_is_bought_over_tries(home: Path, charged: str, creates: int) -> None:
    """Two rows that fail, three purchases allowed: a try that was charged is one, a try that cost nothing is none."""
    shop = Shop()
    shop.finish = lambda job: job.update(phase="failed", error="no wool", charged=charged, retryable=True)  # type: ignore[method-assign]  # this shop never makes anything
    with bench(home, shop) as desk:
        wishes = [Wish(one, desk.lane, None, PRICE) for one in (wanted("coat 1"), wanted("coat 2"))]
        handle = desk.engine.start(wishes, budget=parse_budget(None, max_new=3))
        assert handle.wait(WAIT)
        for _ in range(2):
            desk.engine.retry(handle, [0, 1], wishes)
            assert handle.wait(WAIT)
    assert creates == shop.seen["create"]


def test_the_sandbox_asks_for_nothing(home: Path) -> None:
    """Play money needs no budget."""
    realm = replace(REALM, sandbox=True)
    with bench(home, Shop()) as desk:
        lane = replace(desk.lane, realm=realm)
        handle = desk.engine.start([Wish(wanted(realm=realm), lane, None, PRICE, samples=MOST + 10)])
        assert handle.wait(WAIT)
    assert MOST + 10 == len(handle.rows())


def test_an_unknown_price_is_said(home: Path) -> None:
    """Where nobody lists a price, the flag to add is a count or a price of one's own."""
    with bench(home, Shop()) as desk, pytest.raises(BudgetNeeded) as caught:
        desk.start(*many(MOST + 1), price=NO_COST)
    assert "unknown" in str(caught.value)
    assert "max_new=" in str(caught.value)
    assert "budget=" not in str(caught.value).replace("budget='none'", "")


def test_the_count_is_a_cap(home: Path) -> None:
    """``max_new=3`` buys three in their order and leaves the rest planned, with the reason."""
    with bench(home, Shop()) as desk:
        handle = desk.bring(*many(5), budget=parse_budget(None, max_new=3))
        again = desk.bring(*many(5), budget=parse_budget(None, max_new=1))
    assert ["saved"] * 3 + ["planned"] * 2 == [str(row.state) for row in handle.rows()]
    assert "max_new=3" in str(handle.row(4).error)
    assert isinstance(handle.row(4).error, BudgetExceeded)
    assert ["saved"] * 4 + ["planned"] == [str(row.state) for row in again.rows()]
    assert 4 == desk.shop.seen["create"]


def test_a_count_bounds_what_has_no_price(home: Path) -> None:
    """A finite budget over an unknown price is refused, unless the count is bounded as well."""
    with bench(home, Shop()) as desk:
        refused = desk.bring(wanted("one"), price=NO_COST, budget=parse_budget(5))
        bounded = desk.bring(wanted("one"), price=NO_COST, budget=parse_budget(5, max_new=1))
    assert isinstance(refused.row(0).error, BudgetExceeded)
    assert "saved" == str(bounded.row(0).state)


BASE = replace(PRICE, at_least=True)


@pytest.mark.parametrize("budget", [5, "0.6 USD", {"USD": 100}], ids=str)
def test_a_base_figure_is_no_price_that_a_budget_holds_by(home: Path, budget: object) -> None:
    """What may cost more than is listed is refused under a finite budget, however high, like an unknown price."""
    with bench(home, Shop()) as desk:
        refused = desk.bring(wanted("one"), price=BASE, budget=parse_budget(budget))
    said = str(refused.row(0).error)
    assert isinstance(refused.row(0).error, BudgetExceeded)
    assert 0 == desk.shop.seen.get("create", 0)
    assert "at least 0.5 USD" in said
    assert "Nothing was sent" in said
    for way in ("max_new=1", "ng.configure(prices={'tailor:coat': ", "budget='none'"):
        assert way in said
    assert len(said.splitlines()) <= 4


@pytest.mark.parametrize("said", [(5, 1), (None, 1), ("none", None), (None, None)], ids=str)
def test_a_base_figure_is_bought_where_a_person_has_said_so(home: Path, said: tuple[object, object]) -> None:
    """A count beside the budget, the word that there is no cap, or no word at all for a single one."""
    with bench(home, Shop()) as desk:
        handle = desk.bring(wanted("one"), price=BASE, budget=parse_budget(said[0], max_new=said[1]))
    assert "saved" == str(handle.row(0).state)


def test_a_count_does_not_lift_the_budget_below_the_base_figure(home: Path) -> None:
    """Where not even the least that it costs is left, nothing is sent."""
    with bench(home, Shop()) as desk:
        handle = desk.bring(wanted("one"), price=BASE, budget=parse_budget("0.4", max_new=1))
    assert isinstance(handle.row(0).error, BudgetExceeded)
    assert 0 == desk.shop.seen.get("create", 0)


def test_what_was_charged_before_is_a_price(home: Path) -> None:
    """Once one of the same model and settings was charged, that is reserved, and a budget holds by it; else not."""
    dear = reply(202, {"id": "job-x", "phase": "completed", "charged": "2", "model": "coat", "texts": ["a coat"]})
    shop = Shop()
    shop.orders.append(dear)
    with bench(home, shop) as desk:
        desk.bring(wanted("one"), price=BASE)
        low = desk.bring(wanted("two"), price=BASE, budget=parse_budget("1.9"))
        other = desk.bring(wanted("two", length=9), price=BASE, budget=parse_budget(100))
        high = desk.bring(wanted("two"), price=BASE, budget=parse_budget("2"))
        row = desk.row(wanted("two"))
    assert ("planned", "planned", "saved") == tuple(str(one.row(0).state) for one in (low, other, high))
    assert "needs 2 USD" in str(low.row(0).error)
    assert (2_000_000_000, "0.5") == (row.reserved, str(high.row(0).cost.amount))


def test_the_price_tag_of_base_figures_is_no_cap_to_add(home: Path) -> None:
    """Where the sum is only the least it costs, the tag says so, and what to add is a count, not that sum."""
    with bench(home, Shop()) as desk, pytest.raises(BudgetNeeded) as caught:
        desk.start(*many(MOST + 1), price=BASE)
    assert "cost at least 25.5 USD" in str(caught.value)
    assert f"max_new={MOST + 1}" in str(caught.value)
    assert "budget=" not in str(caught.value).replace("budget='none'", "")


def test_a_refused_one_does_not_use_up_the_count(home: Path) -> None:
    """What was refused was not bought."""
    shop = Shop()
    shop.orders.append(reply(400, {"error": "no"}))
    with bench(home, shop, concurrency=1) as desk:
        handle = desk.bring(*many(3), budget=parse_budget(None, max_new=2))
    assert ["refused", "saved", "saved"] == [str(row.state) for row in handle.rows()]


@pytest.mark.parametrize("count", [0, -1, 1.5, "many", True])
def test_a_count_that_is_none(count: object) -> None:
    """Nonsense is refused before anything is looked at."""
    with pytest.raises(InvalidCall, match="max_new"):
        parse_budget(None, max_new=count)


def test_a_price_tag_sums_by_unit() -> None:
    """Units are never added together."""
    from notebookgen.jobs.consent import price_tag

    tag = price_tag([Cost(Decimal(2), "credits", "listed"), Cost(Decimal("0.1"), "USD", "listed"), NO_COST, NO_COST])
    assert ("0.1 USD + 2 credits", 2) == tag
