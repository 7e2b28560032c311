"""Another try that is not sent changes nothing: what failed stays failed, with what it has cost, and may be tried later."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

import notebookgen as ng
from notebookgen.errors import InvalidCall, JobFailed
from notebookgen.jobs.budget import parse_budget
from notebookgen.jobs.feeding import AHEAD
from notebookgen.jobs.ticket import Wish
from notebookgen.results import Results
from scripted import PRICE, WAIT, Shop, bench, idle, reply, states, until, wanted
from three_services import accepted, made, numbered

if TYPE_CHECKING:
    from pathlib import Path

    from notebookgen.sandbox import Handle

pytestmark = pytest.mark.usefixtures("hasty")

PICTURE = "armox:google/nano-banana"  # 70 credits
COATS = [f"coat {number}" for number in range(6)]


def failing(real: Handle, count: int, **said: object) -> Results:
    """Run over rows that all fail and are charged; from then on nothing fails."""
    real.configure(fail=1.0, refunds=False, credits=100_000)
    results = ng.map(numbered(count), "row {n}", model=PICTURE, **said)
    real.configure(fail=0.0)
    assert {"failed"} == {one.status for one in results}
    return results


def test_a_retry_without_room_leaves_the_failures(real: Handle) -> None:
    """The run's budget is spent: the rows are failed as before, with their cost, and say why they were not tried again."""
    results = failing(real, 4, budget=280)
    assert results is results.retry()

    assert (4, [0, 1, 2, 3]) == (results.failed.height, results.may_be_retried)
    assert Decimal(280) == results.frame["gen_cost"].sum() == results.cost["credits"]
    said = results.frame["gen_error"][0]
    assert "Armox could not make it" in said
    assert "\nNot tried again: armox:google/nano-banana needs 70 credits" in said
    assert "needs 280 credits. Run it again with budget=280" in said
    assert isinstance(results[0].exception, JobFailed)

    results.retry()
    assert said == results.frame["gen_error"][0]  # said once
    again = ng.map(numbered(4), "row {n}", model=PICTURE, budget=280)
    assert ({"saved"}, 8) == ({one.status for one in again}, accepted(real, "armox"))


def test_a_retry_goes_on_once_the_cap_is_lifted(real: Handle) -> None:
    """What a cap kept from being tried again may be tried when there is room; it is paid once."""
    ng.configure(total_budget={"armox": 140})
    results = failing(real, 2, budget=1000)
    results.retry()
    assert (["failed"] * 2, Decimal(140)) == ([one.status for one in results], results.cost["credits"])

    ng.configure(total_budget=None)
    results.retry()
    assert (["saved"] * 2, Decimal(280)) == ([one.status for one in results], results.cost["credits"])
    assert Decimal(280) == results.frame["gen_cost"].sum()  # each row with all of its tries
    assert (4, []) == (accepted(real, "armox"), results.may_be_retried)


@pytest.mark.parametrize("how", ["stopped", "cancelled"])
def test_what_a_retry_has_not_sent_when_it_is_ended_is_failed_as_before(home: Path, how: str) -> None:
    """What was sent by then is looked after; the others are what they were, and another retry takes them up."""
    shop = idle()
    with bench(home, shop, concurrency=2) as desk:
        wishes = [Wish(wanted(text), desk.lane, None, PRICE) for text in COATS]
        handle = desk.engine.start(wishes, budget=parse_budget("none"))

        def retry(indices: list[int]) -> None:
            desk.engine.retry(handle, indices, [wishes[index] for index in indices])

        results = Results(handle, lambda what: desk.engine.cancel(what).result(WAIT), retry=retry)
        until(lambda: fail_all(shop) and handle.done)
        assert {"USD": Decimal(3)} == results.cost

        results.retry()
        until(lambda: states(handle).count("submitted") == 2)
        if how == "stopped":
            handle.stop()
        else:
            results.cancel()
            assert handle.wait(WAIT)
        assert Counter(failed=4) + Counter(submitted=2 if how == "stopped" else 0) == Counter(
            one for one in states(handle) if one != "cancelled"
        )
        assert 4 == len(
            [one for one in results if one.error and f"Not tried again: {how} before it was sent." in one.error]
        )
        assert not any("Nothing was charged" in (one.error or "") for one in results)

        shop.instant = shop.finished = True
        assert handle.wait(WAIT)
        results.retry()
        assert handle.wait(WAIT)
        assert {"saved"} == set(states(handle))
    assert 12 + (2 if how == "cancelled" else 0) == len(shop.jobs)


def fail_all(shop: Shop) -> bool:
    """Have all that is under way fail; a person may try it again."""
    for job in shop.jobs:
        if job["phase"] == "running":
            job |= {"phase": "failed"}
    return True


@pytest.mark.slow
def test_a_large_retry_without_room_ends(real: Handle) -> None:
    """Also the rows that were never brought to the engine a second time are failed as before: nobody waits for them."""
    count = 2 * AHEAD + 20
    results = failing(real, count, max_new=count)
    results.retry()

    assert (count, count) == (results.failed.height, len(results.may_be_retried))
    assert all("Not tried again: max_new=" in said for said in results.frame["gen_error"])
    assert count == accepted(real, "armox")


def test_a_try_that_never_left_is_no_try(home: Path) -> None:
    """The network is away: what was refused before is refused still, and the reason is told beside."""
    shop = Shop()
    shop.orders.extend([reply(400, {"error": "no"}), *["unreachable"] * 8])
    with bench(home, shop) as desk:
        wish = Wish(wanted(), desk.lane, None, PRICE)
        handle = desk.engine.start([wish])
        assert handle.wait(WAIT)
        desk.engine.retry(handle, [0], [wish])
        assert handle.wait(WAIT)
        assert ["refused"] == states(handle)
        assert "Not tried again: tailor.example: the name is not known" in str(handle.row(0).error)
        shop.orders.clear()
        desk.engine.retry(handle, [0], [wish])
        assert handle.wait(WAIT)
        assert ["saved"] == states(handle)


def test_retry_says_what_sends_the_rows_that_were_never_sent(real: Handle) -> None:
    """Nothing failed: what a budget left is no failure, and it is said what to do."""
    results = ng.map(numbered(3), "row {n}", model=PICTURE, budget=140)
    with pytest.raises(InvalidCall, match=r"1 row was never sent\. Nothing was sent now\.\nRun the call"):
        results.retry()
    assert ["saved", "saved", "planned"] == [one.status for one in results]
    assert "saved" == made("row 0", model=PICTURE, budget=70).status
