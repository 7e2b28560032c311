"""Runs that want the same rows: one of them pays, and where it is paused or stopped another one does; nobody waits for ever."""

from __future__ import annotations

import threading
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

import notebookgen as ng
from notebookgen.client import default_client
from notebookgen.jobs.budget import parse_budget
from notebookgen.jobs.states import State
from notebookgen.jobs.ticket import Wish
from notebookgen.records import Cost
from scripted import WAIT, Held, Shop, bench, idle, reply, states, until, wanted
from three_services import accepted, numbered

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from notebookgen.jobs.handle import RunHandle
    from notebookgen.sandbox import Handle
    from notebookgen.wire import HttpRequest, HttpResponse
    from scripted import Bench

pytestmark = pytest.mark.usefixtures("hasty")

COATS = [wanted(f"coat {number}") for number in range(4)]
PRICE = Decimal("0.5")
PICTURE = "apixo:nano-banana"
WAYS: dict[str, tuple[Callable[[RunHandle], object], bool]] = {
    "paused before": (lambda run: run.pause(), True),
    "paused after": (lambda run: run.pause(), False),
    "stopped after": (lambda run: run.stop(), False),
}


def paid(desk: Bench, run: RunHandle) -> dict[str, Decimal]:
    """Return what a run has spent, as the ledger has it."""
    nano = desk.asked(lambda store: store.committed(run=run.id, unit="USD"))
    return {"USD": Decimal(nano) / 10**9} if nano else {}


def both(desk: Bench, first: RunHandle, way: str) -> RunHandle:
    """Begin a second run over the same rows, with the first one ended or paused before or after that."""
    act, before = WAYS[way]
    if before:
        act(first)
    second = desk.start(*COATS, budget=parse_budget(9))
    if not before:
        act(first)
    return second


@pytest.mark.parametrize("way", WAYS)
def test_what_another_run_has_under_way_holds_up_nobody(home: Path, way: str) -> None:
    """Under a budget the first job goes alone: in each run its own. Each run tells what the ledger has for it."""
    shop = idle()
    with bench(home, shop) as desk:
        first = desk.start(*COATS, budget=parse_budget(9))
        until(lambda: 1 == len(shop.jobs))
        second = both(desk, first, way)
        until(lambda: 2 == len(shop.jobs), "the second run waits for the first one's job")
        shop.finish(shop.jobs[1])
        until(lambda: 4 == len(shop.jobs), "the second run's rows wait for the first one's job")
        shop.finished = True
        assert second.wait(WAIT)
        assert ["saved"] * 4 == states(second)
        if way != "stopped after":
            first.go_on()
        assert first.wait(WAIT)
        assert [{"USD": PRICE}, {"USD": 3 * PRICE}] == [first.spent, second.spent]
        assert [paid(desk, first), paid(desk, second)] == [first.spent, second.spent]
    assert 4 == len(shop.jobs)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("answer", [reply(429, {}, **{"retry-after": "0.01"}), "unreachable"], ids=["429", "unsent"])
def test_what_comes_back_is_paid_for_by_who_still_buys(home: Path, way: str, answer: HttpResponse | str) -> None:
    """A create that was on its way when its run was paused or stopped, and was not taken, is the other run's from then on."""
    shop, go = Shop(), threading.Event()

    def order(request: HttpRequest) -> HttpResponse:
        go.wait(WAIT)
        return shop._create(request, answer)

    shop.orders.append(order)
    with bench(home, shop) as desk:
        first = desk.start(*COATS[:1], budget=parse_budget(9))
        until(lambda: shop.seen.get("create"))
        second = both(desk, first, way)
        go.set()
        assert second.wait(WAIT)
        assert ["saved"] * 4 == states(second)
        assert [{}, {"USD": 4 * PRICE}] == [first.spent, second.spent]
        assert [paid(desk, first), paid(desk, second)] == [first.spent, second.spent]
    assert 4 == len(shop.jobs)


@pytest.mark.slow
@pytest.mark.parametrize("end", ["stop", "a later kernel", "a later kernel, at first without the key"])
def test_what_is_taken_up_is_paid_by_who_began_it(real: Handle, end: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cell again adopts what the first one has sent: its own cost is what it bought, and the last line tells of both."""
    real.configure(seconds=(1.5, 1.5))
    first = ng.map(numbered(2), "row {n}.", model=PICTURE, max_new=9, background=True)
    until(lambda: 2 == first.handle.snapshot().states.get("submitted"))
    if end == "stop":
        first.handle.stop()
    else:
        default_client().close()
    if "without" in end:  # what was left open is not looked after before the cell itself comes to it
        with monkeypatch.context() as patch:
            patch.delenv("APIXO_API_KEY")
            assert "2 submitted left as they are: the key of the account apixo/" in repr(ng.resume())
    second = ng.map(numbered(3), "row {n}.", model=PICTURE, max_new=9)
    net = dict(ng.runs().select("run", "net").rows())
    assert ({"USD": Decimal("0.03")}, Decimal("0.03"), Decimal("0.06")) == (
        second.cost,
        net[second.run],
        net[first.run],
    )
    assert [True, True, False] == second.frame["gen_cached"].to_list()
    assert "3 saved ·" in repr(second)
    assert "took up 2 open, 2 saved (0.06 USD, paid by the run that began it)" in repr(second)
    if end == "stop":
        assert {"USD": Decimal("0.06")} == first.cost
    assert 3 == accepted(real, "apixo")


def test_what_nobody_buys_any_more_stays_where_it_was(home: Path) -> None:
    """A paused run's create that was refused as too early waits for the run to go on, and is paid for by it."""
    shop = Shop()
    held = Held(shop, reply(429, {}, **{"retry-after": "0.01"}))
    shop.orders.append(held)
    with bench(home, shop) as desk:
        run = desk.start(*COATS[:1], budget=parse_budget(9))
        until(held.came.is_set)
        run.pause()
        held.go.set()
        until(lambda: ["planned"] == states(run))
        assert 1 == shop.seen["create"]
        run.go_on()
        assert run.wait(WAIT)
        assert (["saved"], {"USD": PRICE}) == (states(run), run.spent)


def test_what_was_taken_up_and_failed_is_counted_once_it_is_retried(home: Path) -> None:
    """It is this run's own then: the last line counts as cached what was here before, and nothing less."""
    shop, coats = Shop(), [wanted(f"coat {number}") for number in range(4)]
    with bench(home, shop) as desk:
        desk.bring(*coats[:3], budget=parse_budget(9))
        shop.finished = False
        first = desk.start(coats[3], budget=parse_budget(9))
        until(lambda: ["submitted"] == states(first))
        first.stop()
        second = desk.start(*coats, budget=parse_budget(9))
        shop.jobs[3].update(phase="failed", error="no luck")
        assert second.wait(WAIT)
        shop.finished = True
        again = second.among({State.FAILED}, again=True)
        desk.engine.retry(
            second,
            again,
            [
                Wish(coats[index], desk.lane, desk.lane.provider.catalogue()[0], Cost(PRICE, "USD", "listed"))
                for index in again
            ],
        )
        assert second.wait(WAIT)
        assert (["saved"] * 4, {"USD": PRICE}) == (states(second), second.spent)
        assert "4 saved (3 cached)" in second.summary()
