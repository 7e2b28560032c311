"""Runs that want the same at once: what ``fresh`` means between them, and whose budget pays."""

from __future__ import annotations

import threading
from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from notebookgen.errors import BudgetExceeded, StillRunning
from notebookgen.jobs.budget import parse_budget
from notebookgen.jobs.ticket import Wish
from notebookgen.results.results import Results
from scripted import PRICE, WAIT, Held, Listless, Shop, bench, idle, states, until, wanted

if TYPE_CHECKING:
    from pathlib import Path

    from notebookgen.jobs.handle import RunHandle
    from scripted import Bench

pytestmark = pytest.mark.usefixtures("hasty")


def samples(*handles: RunHandle) -> list[int]:
    """Return which samples the handles' rows are."""
    return [row.generation.sample for handle in handles for row in handle.rows()]


def fresh(desk: Bench, count: int = 1) -> RunHandle:
    """Begin a run of fresh ones."""
    return desk.engine.start([Wish(wanted(), desk.lane, desk.lane.provider.catalogue()[0], PRICE, count, fresh=True)])


# Fresh -----------------------------------------------------------------------------------------------------------


def test_fresh_calls_at_once_are_wishes_of_their_own(home: Path) -> None:
    """Two deliberate calls, the first still under way: two pictures, not one shared by both."""
    shop = idle()
    with bench(home, shop) as desk:
        plain, one, two, three = desk.start(wanted()), fresh(desk), fresh(desk, 2), fresh(desk)
        assert [0, 1, 2, 3, 4] == samples(plain, one, two, three)
        shop.finished = True
        assert all(handle.wait(WAIT) for handle in (plain, one, two, three))
    assert (5, 5) == (shop.seen["create"], len(shop.jobs))


def test_fresh_calls_of_two_kernels_at_once_are_wishes_of_their_own(home: Path) -> None:
    """Also what the other kernel has not sent yet is its own."""
    shop = idle()
    held = Held(shop)
    shop.orders.append(held)
    with bench(home, shop, concurrency=1) as one, bench(home, shop) as two:
        first = fresh(one, 3)
        until(lambda: shop.seen.get("create") == 1)
        second = fresh(two)
        assert [0, 1, 2, 3] == samples(first, second)
        held.go.set()
        shop.finished = True
        assert first.wait(WAIT)
        assert second.wait(WAIT)
    assert 4 == len(shop.jobs)


@pytest.mark.parametrize("how", ["stopped", "waited too long", "waited too long for several", "killed", "cancelled"])
def test_a_fresh_call_again_takes_up_what_the_first_began(home: Path, how: str) -> None:
    """Who stopped it, gave the wait up or lost the kernel runs the cell again and buys nothing twice."""
    shop = idle()
    with bench(home, shop) as desk:
        first = fresh(desk, 2 if "several" in how else 1)
        until(lambda: set(states(first)) == {"submitted"})
        if how == "stopped":
            first.stop()
        elif how == "waited too long":
            with pytest.raises(StillRunning, match="again"):
                Results(first, lambda _: [])[0].wait(0.01)
        elif how == "waited too long for several":
            from notebookgen.results.waiting import delivered_any

            delivered_any(Results(first, lambda _: []))
        elif how == "cancelled":
            desk.engine.cancel(first.id).result(WAIT)
            until(lambda: states(first) == ["cancelled"])
        if how != "killed":
            again = fresh(desk, 2 if "several" in how else 1)
            assert samples(first) == samples(again)
            shop.finished = True
            assert again.wait(WAIT)
    if how == "killed":
        shop.finished = True
        with bench(home, shop) as desk:
            again = fresh(desk)
            assert [0] == samples(again)
            assert again.wait(WAIT)
    assert {"saved"} == set(states(again))
    assert (2 if "several" in how or how == "cancelled" else 1) == shop.seen["create"]


@pytest.mark.parametrize("how", ["stopped", "waited too long", "killed", "some of several"])
def test_a_fresh_one_that_came_after_its_caller_had_gone_is_not_used(home: Path, how: str) -> None:
    """What the background or a recovery brought home was handed to nobody: the same call takes it, and the next buys."""
    shop, count = idle(), 2 if how == "some of several" else 1
    with bench(home, shop) as desk:
        first = fresh(desk, count)
        until(lambda: set(states(first)) == {"submitted"})
        if how == "stopped":
            first.stop()
        elif how == "waited too long":
            with pytest.raises(StillRunning, match="again"):
                Results(first, lambda _: [])[0].wait(0.01)
        elif count > 1:
            shop.finish(shop.jobs[0])
            until(lambda: "saved" in states(first))
            first.stop()
        if how != "killed":
            shop.finished = True
            assert first.wait(WAIT)
    shop.finished = True
    with bench(home, shop) as desk:
        until(lambda: all(desk.row(wanted(sample=n)).state == "saved" for n in range(count)))
        again = fresh(desk, count)
        assert again.wait(WAIT)
        assert (samples(first), {"saved"}) == (samples(again), set(states(again)))
        assert count == shop.seen["create"]
        another = fresh(desk)
        assert another.wait(WAIT)
        assert [count] == samples(another)
    assert count + 1 == shop.seen["create"]


def test_a_stop_that_comes_too_late_hands_nothing_over(home: Path) -> None:
    """It was done just when Stop was pressed: "Run it again to see it" buys nothing, also with ``fresh``."""
    with bench(home, Shop()) as desk:
        first = fresh(desk)
        assert first.wait(WAIT)
        assert "Run it again to see it; nothing is charged." in first.stop()
        again = fresh(desk)
        assert again.wait(WAIT)
        assert samples(first) == samples(again)
        assert [1] == samples(fresh(desk))


def test_a_fresh_one_that_is_held_is_not_passed_by(home: Path) -> None:
    """A lost fresh create is held; the call again finds it held, and does not send another one in its place."""
    shop = Shop()
    shop.orders.append("lost after")
    with bench(home, shop, Listless()) as desk:
        first = fresh(desk)
        assert first.wait(WAIT)
        again = fresh(desk)
        assert again.wait(WAIT)
        assert [0, 0] == samples(first, again)
        assert ["ambiguous"] == states(again)
    with bench(home, shop, Listless()) as desk:
        assert [0] == samples(fresh(desk))
    assert 1 == shop.seen["create"]


def test_a_run_of_which_nothing_more_comes_has_ended(home: Path) -> None:
    """However its last row ended: saved, held, or never sent."""
    shop = Shop()
    shop.orders.extend(["lost after", "ok"])
    with bench(home, shop, Listless(), concurrency=1) as desk:
        held, saved = desk.bring(wanted("a coat")), desk.bring(wanted("a hat"))
        over = desk.bring(wanted("a sock"), budget=parse_budget("0.1 USD"))
        for handle in (held, saved, over):
            assert None is desk.asked(lambda store, run=handle.id: store.run_kernel(run))  # type: ignore[misc]  # mypy cannot type a lambda's defaults


# Budgets ---------------------------------------------------------------------------------------------------------


def busy(shop: Shop) -> threading.Event:
    """Hold the next create open until the event is set, so that what comes after it waits in the queue."""
    held = Held(shop)
    shop.orders.append(held)
    return held.go


def test_a_row_that_one_budget_cannot_pay_is_paid_by_the_other(home: Path) -> None:
    """Two runs share a row; the first one's cap does not cover it, so it is bought for the second, under its own cap."""
    shop = Shop()
    gate = busy(shop)
    with bench(home, shop, concurrency=1) as desk:
        desk.start(wanted("first"))
        until(lambda: shop.seen.get("create") == 1)
        poor = desk.start(wanted(), budget=parse_budget("0.1 USD"))
        rich = desk.start(wanted(), budget=parse_budget("0.5 USD"))
        poorer = desk.start(wanted(), budget=parse_budget("0.2 USD"))
        gate.set()
        assert all(handle.wait(WAIT) for handle in (poor, rich, poorer))
        assert [["planned"], ["saved"]] == [states(poor), states(rich)]
        assert isinstance(poor.row(0).error, BudgetExceeded)
        assert "saved" == states(poorer)[0]
        assert [{}, {"USD": Decimal("0.5")}, {}] == [handle.spent for handle in (poor, rich, poorer)]
        assert [0, 500_000_000, 0] == [
            desk.asked(lambda store, run=handle.id: store.committed(run=run, unit="USD"))  # type: ignore[misc]  # mypy cannot type a lambda's defaults
            for handle in (poor, rich, poorer)
        ]
    assert 2 == len(shop.jobs)


def test_a_row_left_by_a_stopped_run_is_paid_under_the_cap_of_who_still_wants_it(home: Path) -> None:
    """The first run has no cap and is stopped; the second one's cap does not cover the row: it is not bought."""
    shop = Shop()
    gate = busy(shop)
    with bench(home, shop, concurrency=1) as desk:
        desk.start(wanted("first"))
        until(lambda: shop.seen.get("create") == 1)
        free = desk.start(wanted())
        capped = desk.start(wanted(), budget=parse_budget("0.1 USD"))
        free.stop()
        gate.set()
        assert capped.wait(WAIT)
        assert isinstance(capped.row(0).error, BudgetExceeded)
    assert 1 == len(shop.jobs)


def test_what_both_runs_stopped_is_never_sent(home: Path) -> None:
    """A stopped run does not keep a shared row wanted, in whichever order they are stopped."""
    shop = Shop()
    gate = busy(shop)
    with bench(home, shop, concurrency=1) as desk:
        desk.start(wanted("first"))
        until(lambda: shop.seen.get("create") == 1)
        one, two = desk.start(wanted()), desk.start(wanted())
        one.stop()
        two.stop()
        gate.set()
        assert one.wait(WAIT)
        assert two.wait(WAIT)
        assert [["planned"]] * 2 == [states(one), states(two)]
    assert 1 == len(shop.jobs)


def test_a_shared_row_is_counted_once(home: Path) -> None:
    """Equal rows of a run, and runs that share a job: what was paid once is spent once."""
    shop = Shop()
    with bench(home, shop) as desk:
        shop.finished = False
        both = desk.start(wanted(), wanted())
        other = desk.start(wanted())
        shop.finished = True
        assert both.wait(WAIT)
        assert other.wait(WAIT)
    assert [{"USD": Decimal("0.5")}, {}] == [handle.spent for handle in (both, other)]
    assert Counter({True: 2, False: 1}) == Counter(row.cached for handle in (both, other) for row in handle.rows())


@pytest.mark.slow
def test_many_runs_that_share_rows_never_pass_their_caps(home: Path) -> None:
    """Eight runs from eight threads, two kernels, the same rows, caps of their own: each stays below its own."""
    shop = Shop()
    with bench(home, shop) as one, bench(home, shop) as two:
        started: list[tuple[Bench, RunHandle, Decimal]] = []

        def ask(number: int) -> None:
            desk, cap = (one, two)[number % 2], Decimal(number) / 2
            rows = [wanted(f"coat {place}") for place in range(12)]
            handle = desk.start(*(rows if number % 4 < 2 else reversed(rows)), budget=parse_budget(cap or "0.1"))
            started.append((desk, handle, cap))

        threads: list[Any] = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(WAIT)
        assert all(handle.wait(WAIT) for _, handle, _ in started)
        for desk, handle, cap in started:
            paid = desk.asked(lambda store, run=handle.id: store.committed(run=run, unit="USD"))  # type: ignore[misc]  # mypy cannot type a lambda's defaults
            assert paid <= cap * 10**9
            assert handle.spent.get("USD", Decimal(0)) == Decimal(paid) / 10**9
    assert len(shop.jobs) == len({job["sent"]["prompt"] for job in shop.jobs})
