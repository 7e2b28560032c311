"""What was taken up of several runs: settled and tried again together, and each row paid for by its own run alone."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl
import pytest

import notebookgen as ng
from notebookgen.client import default_client
from notebookgen.errors import InvalidCall, NotebookgenError
from notebookgen.jobs.budget import parse_budget
from notebookgen.jobs.settling import Word
from notebookgen.jobs.states import State
from notebookgen.notebook import retrying
from notebookgen.sandbox import Fault
from scripted import WAIT, Held, Listless, Shop, bench, lost, states, until, wanted
from three_services import accepted, numbered

if TYPE_CHECKING:
    from pathlib import Path

    from notebookgen.jobs.handle import RunHandle
    from notebookgen.results import Results
    from notebookgen.sandbox import Handle
    from scripted import Bench

pytestmark = [pytest.mark.usefixtures("hasty"), pytest.mark.slow]

COAT, HAT = wanted("a coat"), wanted("a hat")
PRICE = Decimal("0.5")
PICTURE = "apixo:nano-banana"
EACH = Decimal("0.03")
BLIND = Fault(kind="status", service="apixo", purpose="status", status=503, count=None)


# Settled -------------------------------------------------------------------------------------------------------------


def left_in_doubt(home: Path, shop: Shop, budgets: tuple[str, str] = ("9 USD", "9 USD")) -> list[str]:
    """Have a kernel end with a row of each of two runs in doubt; return the runs."""
    shop.orders.extend([lost(), lost()])
    with bench(home, shop, Listless()) as desk:
        runs = [desk.bring(one, budget=parse_budget(cap)) for one, cap in zip((COAT, HAT), budgets, strict=True)]
        assert [["ambiguous"]] * 2 == [states(run) for run in runs]
        return [run.id for run in runs]


def resumed(desk: Bench, runs: list[str]) -> RunHandle:
    """Take up what two runs left."""
    handle = desk.engine.resume()
    assert (runs, ["ambiguous"] * 2) == (list(handle.runs), states(handle))
    return handle


def paid(desk: Bench, run: str) -> Decimal:
    """Return what the ledger has for a run."""
    return Decimal(desk.asked(lambda store: store.committed(run=run, unit="USD"))) / 10**9


@pytest.mark.parametrize("way", ["stop", "pause"])
def test_rows_of_two_runs_are_sent_again_although_another_run_wants_one_too(home: Path, way: str) -> None:
    """Whoever begins to want it meanwhile, and ends that: each row stays its own run's, and every try is counted there."""
    shop = Shop()
    held = Held(shop)
    runs = left_in_doubt(home, shop)

    with bench(home, shop, Listless(), concurrency=1) as desk:
        whole = resumed(desk, runs)
        shop.orders.append(held)
        before = desk.start(wanted("in the way"), budget=parse_budget(9))
        until(lambda: states(before) == ["intent"])
        part = desk.engine.settle(whole, [0, 1], Word("resubmit"))
        other = desk.start(COAT, HAT, budget=parse_budget(9))
        getattr(other, way)()
        held.go.set()
        assert part.wait(WAIT), part.snapshot()
        assert ["saved"] * 2 == states(part) == states(whole)
        assert runs == [desk.row(one).run for one in (COAT, HAT)]
        assert [2 * PRICE] * 2 == [paid(desk, run) for run in runs]
        assert [{"USD": 4 * PRICE}] * 2 == [part.spent, whole.spent]
        assert {} == other.spent
        other.stop()


def test_each_row_is_under_its_own_runs_budget(home: Path) -> None:
    """What one run has left is not the other one's to spend."""
    shop = Shop()
    runs = left_in_doubt(home, shop, ("9 USD", "0.5 USD"))
    with bench(home, shop, Listless()) as desk:
        whole = resumed(desk, runs)
        part = desk.engine.settle(whole, [0, 1], Word("resubmit"))
        assert part.wait(WAIT)
        assert ["saved", "ambiguous"] == states(part)
        assert "the budget has 0 USD left" in str(part.row(1).error)
        assert [2 * PRICE, PRICE] == [paid(desk, run) for run in runs]
        assert (State.AMBIGUOUS, None) == (desk.row(HAT).state, desk.row(HAT).charged)
    assert 3 == shop.seen["create"]


def test_stop_reaches_all_of_it(home: Path) -> None:
    """Rows of two runs that wait to be sent again are not sent after Stop, whichever of the handles it is pressed on."""
    shop = Shop()
    held = Held(shop)
    runs = left_in_doubt(home, shop)

    with bench(home, shop, Listless(), concurrency=1) as desk:
        for number, stopped in enumerate(("part", "whole")):
            whole = resumed(desk, runs)
            shop.orders.append(held)
            before = desk.start(wanted(f"in the way of the {stopped}"))
            until(lambda: shop.seen["create"] == 3 + number)  # noqa: B023 - asked at once
            part = desk.engine.settle(whole, [0, 1], Word("resubmit"))
            (part if stopped == "part" else whole).stop()
            assert part.wait(WAIT)
            assert ["ambiguous"] * 2 == states(part) == states(whole)
            held.go.set()
            assert before.wait(WAIT)
            held.go.clear()
    assert 4 == shop.seen["create"]


# Tried again ---------------------------------------------------------------------------------------------------------


def killed(real: Handle, *budgets: object, rows: int = 2) -> list[str]:
    """Have a kernel end with two rows of each of some runs under way that are going to fail; return the runs."""
    ng.map(pl.DataFrame({"n": ["first"]}), "row {n}.", model=PICTURE, budget=1000)  # what it costs is known from now on
    real.configure(misbehave=(BLIND,), fail=1.0, fail_code="MODEL_UNAVAILABLE", refunds=False)
    runs: list[Results] = []
    for number, budget in enumerate(budgets):
        runs.append(
            ng.map(numbered(rows, start=10 * number), "row {n}.", model=PICTURE, budget=budget, background=True)
        )
        until(lambda: rows == runs[-1].handle.snapshot().states.get("submitted"))
    default_client().close()
    real.configure(misbehave=(), fail=0.0, fail_code=None, refunds=True)
    return [run.run for run in runs]


def bought(run: str) -> int:
    """Return how often a run has bought something."""
    return int(ng.ledger().frame().filter(pl.col("run") == run).height)


def test_what_failed_of_a_run_that_was_taken_up_is_tried_again(real: Handle) -> None:
    """It goes on with that run, and under its budget; nothing of it is silently left undone."""
    (run,) = killed(real, 1000)
    again = ng.resume()
    assert ["failed"] * 2 == [one.status for one in again]
    assert again is again.retry()
    assert ["saved"] * 2 == [one.status for one in again]
    assert (1 + 4, 4) == (accepted(real, "apixo"), bought(run))
    assert {"USD": 4 * EACH} == again.cost
    assert [4 * EACH] == ng.runs().filter(pl.col("run") == run)["net"].to_list()
    assert "found 2 open" in repr(again)


def test_what_failed_of_several_runs_is_tried_again_in_each(real: Handle) -> None:
    """Each row under the budget of its own run: what that denies stays failed and says why, and the other run does not pay."""
    first, second = killed(real, 1000, 3 * EACH)
    again = ng.resume()
    assert [first] * 2 + [second] * 2 == list(again.handle.homes)  # type: ignore[attr-defined]  # it is a part of both
    again.retry()
    assert ["saved", "saved", "saved", "failed"] == [one.status for one in again]
    assert "Not tried again: " in str(again[3].error)
    assert [4, 3] == [bought(run) for run in (first, second)]
    again.retry()
    assert [4, 3] == [bought(run) for run in (first, second)]


def test_the_magic_tries_again_what_it_has_taken_up(real: Handle) -> None:
    """``%generate retry`` after ``%generate resume`` means what was resumed."""
    killed(real, 1000)
    again = ng.resume()
    retrying.remember_run(again)
    results, tried = retrying.retried(default_client, None, None, None)
    assert (again, True, ["saved"] * 2) == (results, tried, [one.status for one in results])


def test_an_account_whose_key_is_gone_is_said(real: Handle, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is sent, and the rows are as they were."""
    killed(real, 1000)
    again = ng.resume()
    default_client().close()
    monkeypatch.delenv("APIXO_API_KEY")
    with pytest.raises(
        NotebookgenError, match=r"the key of the account .* is not at hand: APIXO_API_KEY .* Nothing was sent"
    ):
        again.retry()
    assert ["failed"] * 2 == [one.status for one in again]


def test_results_that_cannot_retry_say_so(real: Handle) -> None:
    """What is reached through one row only shows its run."""
    real.configure(fail=1.0, fail_code="MODEL_UNAVAILABLE", refunds=False)
    results = ng.map(numbered(1), "row {n}.", model=PICTURE, budget=1000)
    with pytest.raises(InvalidCall, match=rf"Nothing was sent. Type: ng\.Client\(\)\.retry\('{results.run}'\)"):
        results[0].results.retry()
    assert 1 == accepted(real, "apixo")
