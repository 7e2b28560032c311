"""What is sent again at the risk of paying twice: under the run's own budget and every cap, in one run, all of it counted."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

import notebookgen as ng
from notebookgen.client import default_client
from notebookgen.errors import BudgetExceeded, InvalidCall, Stopped
from notebookgen.jobs import answers
from notebookgen.jobs.budget import parse_budget
from notebookgen.jobs.states import State
from notebookgen.sandbox import Fault
from scripted import WAIT, Held, Listless, Shop, bench, lost, reply, states, until, wanted
from three_services import accepted, numbered

if TYPE_CHECKING:
    from pathlib import Path

    from notebookgen.results import Results
    from notebookgen.sandbox import Handle

pytestmark = [pytest.mark.usefixtures("hasty"), pytest.mark.slow]


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "UNCLEAR_PAUSE", 0.1)


PICTURE = "apimodels:flux-2-klein-4b"
PRICE = Decimal("0.006")
PRICE_OF_A_COAT = Decimal("0.5")


def left_in_doubt(real: Handle, rows: int = 6, doubtful: tuple[int, ...] = (1, 3), **options: object) -> Results:
    """Make a picture for each row, with the replies to some of them lost."""
    real.configure(
        misbehave=[Fault(kind="lost_after", service="apimodels", contains=f"row {one}.") for one in doubtful]
    )
    results = ng.map(numbered(rows), "row {n}.", model=PICTURE, **{"budget": 1, **options})
    real.configure(misbehave=())
    return results


def spent() -> Decimal:
    """Return what the ledger has as spent, over all runs."""
    return Decimal(ng.ledger().frame()["net"].sum()).normalize()


def attempts(status: str) -> int:
    """Return how many attempts are in a state."""
    return int(ng.ledger().frame().filter(pl.col("status") == status).height)


# Denied --------------------------------------------------------------------------------------------------------------


def test_what_a_cap_denies_stays_in_doubt(real: Handle) -> None:
    """Nothing is written off for what is not sent: it can still be adopted, nobody buys it by the way, and why is said."""
    ng.configure(total_budget={"apimodels": "0.036 USD"})
    results = left_in_doubt(real)
    with pytest.raises(BudgetExceeded, match="2 rows stay ambiguous") as caught:
        results.resolve("resubmit")
    assert "total_budget={'apimodels': '0.048 USD per life'}" in str(caught.value)
    assert (6, 2, 0) == (accepted(real, "apimodels"), attempts("ambiguous"), attempts("failed"))
    assert ["saved", "ambiguous", "saved", "ambiguous", "saved", "saved"] == [one.status for one in results]
    assert ["the cap"] * 2 == [said[said.index("the cap") :][:7] for said in results.ambiguous["gen_error"]]
    assert 0 == len(ng.Client().retry(budget=1))

    held = results.ambiguous["gen_id"].to_list()
    with pytest.raises(BudgetExceeded, match=f"ng.resolve\\('{held[0][:8]}', 'resubmit'"):
        ng.resolve(held[0], "resubmit")
    jobs = {one["body"]["prompt"]: one["id"] for one in real.state()["creates"]}
    assert "saved" == ng.resolve(held[0], "adopt", job=jobs["row 1."]).status

    ng.configure(total_budget={"apimodels": "0.048 USD"})
    results.resolve("resubmit")
    assert ["saved"] * 6 == [one.status for one in results]
    assert (7, 7 * PRICE) == (accepted(real, "apimodels"), spent())


def test_what_was_to_be_sent_again_by_a_word_beforehand_is_held_where_the_budget_is_spent(real: Handle) -> None:
    """``on_ambiguous="resubmit"`` writes nothing off that it cannot send."""
    results = left_in_doubt(real, 6, (3, 5), budget=7 * PRICE, on_ambiguous="resubmit")
    assert ["ambiguous", "saved"] == sorted({one.status for one in results})
    assert (7, 1, 1) == (accepted(real, "apimodels"), attempts("ambiguous"), attempts("failed"))
    (said,) = results.ambiguous["gen_error"]
    assert "It stays ambiguous" in said
    assert "budget=0.048" in said
    assert {"USD": 6 * PRICE} == results.cost


def test_the_runs_own_budget_binds_a_person_too(real: Handle) -> None:
    """What was written off counts in it; the word that says more is told, and holds."""
    results = left_in_doubt(real, budget=6 * PRICE)
    with pytest.raises(BudgetExceeded, match=r"\.resolve\('resubmit', budget=0\.048\)"):
        results.resolve("resubmit")
    assert 6 == accepted(real, "apimodels")
    results.resolve("resubmit", budget=7 * PRICE)
    assert 7 == accepted(real, "apimodels")
    assert 1 == results.ambiguous.height
    results.resolve("resubmit", budget=0.048)
    assert ["saved"] * 6 == [one.status for one in results]
    assert (8, {"USD": 8 * PRICE}) == (accepted(real, "apimodels"), results.cost)


def test_a_count_binds_a_person_too(real: Handle) -> None:
    """``max_new`` of the run; another one says more."""
    results = left_in_doubt(real, budget=None, max_new=6)
    with pytest.raises(BudgetExceeded, match=r"\.resolve\('resubmit', max_new=8\)"):
        results.resolve("resubmit")
    results.resolve("resubmit", max_new=8)
    assert ["saved"] * 6 == [one.status for one in results]


def test_a_later_kernel_knows_the_runs_budget(real: Handle) -> None:
    """It stands in the ledger with the run, and is told as it has to be typed for one generation."""
    held = left_in_doubt(real, budget=6 * PRICE).ambiguous["gen_id"].to_list()
    default_client().close()
    with pytest.raises(BudgetExceeded, match=rf"ng\.resolve\('{held[0][:8]}', 'resubmit', budget=0\.042\)"):
        ng.resolve(held[0], "resubmit")
    assert 6 == accepted(real, "apimodels")
    assert "saved" == ng.resolve(held[0], "resubmit", budget="0.042 USD").status


def test_what_was_stopped_before_it_was_sent_again_stays_in_doubt(home: Path) -> None:
    """Stop while it waits for a place: nothing is sent, nothing is written off, and the next word is heard."""
    shop = Shop()
    shop.orders.append(lost())
    held = Held(shop)
    with bench(home, shop, Listless(), concurrency=1) as desk:
        assert ["ambiguous"] == states(desk.bring(wanted()))
        shop.orders.append(held)
        other = desk.start(wanted("in the way"))
        again = desk.engine.resolve(wanted().id, "resubmit")
        assert ["ambiguous"] == states(again)
        again.stop()
        assert again.wait(WAIT)
        assert "stays ambiguous" in str(again.row(0).error)
        held.go.set()
        assert other.wait(WAIT)
        assert State.AMBIGUOUS == desk.row(wanted()).state
        third = desk.engine.resolve(wanted().id, "resubmit")
        assert third.wait(WAIT)
        assert ["saved"] == states(third)
    assert 3 == shop.seen["create"]


def test_what_cannot_be_committed_is_not_written_off(home: Path) -> None:
    """The old attempt and the new one are one transaction: a ledger that takes no new attempt keeps the old as it was."""
    shop = Shop()
    shop.orders.append(lost())
    with bench(home, shop, Listless()) as desk:
        assert ["ambiguous"] == states(desk.bring(wanted()))
        with closing(sqlite3.connect(desk.asked(lambda store: store.path))) as ledger:
            ledger.execute("CREATE TRIGGER full BEFORE INSERT ON attempts BEGIN SELECT RAISE(ABORT, 'no room'); END")
            ledger.commit()
            denied = desk.engine.resolve(wanted().id, "resubmit")
            assert denied.wait(WAIT)
            ledger.execute("DROP TRIGGER full")
            ledger.commit()
        assert ["ambiguous"] == states(denied)
        assert (State.AMBIGUOUS, None) == (desk.row(wanted()).state, desk.row(wanted()).charged)
        again = desk.engine.resolve(wanted().id, "resubmit")
        assert again.wait(WAIT)
        assert ["saved"] == states(again)
    assert 2 == shop.seen["create"]


# Not sent after all ---------------------------------------------------------------------------------------------------

UNSENT = {
    "never left": "unreachable",
    "no funds": reply(402, {"error": "no funds"}),
    "too early": reply(429, {"error": "slow down"}),
    "refused": reply(400, {"error": "no such coat"}),
}


@pytest.mark.parametrize(
    "how", [pytest.param(how, marks=[pytest.mark.slow] if how == "too early" else []) for how in UNSENT]
)
def test_what_could_not_be_sent_again_may_still_be_adopted(home: Path, how: str) -> None:
    """A second create that never left, or was refused, has replaced nothing: the first is as open as it was before."""
    shop = Shop()
    shop.orders.append("lost after")
    with bench(home, shop, Listless()) as desk:
        run = desk.bring(wanted(), budget=parse_budget(5))
        shop.orders.extend([UNSENT[how]] * 20)
        again = desk.engine.resolve(wanted().id, "resubmit")
        assert again.wait(WAIT)
        shop.orders.clear()
        assert [["ambiguous"]] * 2 == [states(run), states(again)]
        assert "stays ambiguous" in str(again.row(0).error)
        assert ({}, {}) == (run.spent, again.spent)
        row = desk.row(wanted())
        assert (State.AMBIGUOUS, None, None) == (row.state, row.charged, row.ended)
        assert 500_000_000 == desk.asked(lambda store: store.committed(run=run.id, unit="USD"))
        adopted = desk.engine.resolve(wanted().id, "adopt", "job-1")
        assert adopted.wait(WAIT)
        assert (["saved"], {"USD": Decimal("0.5")}, {"USD": Decimal("0.5")}) == (
            states(adopted),
            adopted.spent,
            run.spent,
        )
    assert 1 == len(shop.jobs)


def test_what_was_refused_stays_in_the_ledger(home: Path) -> None:
    """What left this machine is told, as the try before the one that is still open; what never left is not."""
    shop = Shop()
    shop.orders.append("lost after")
    with bench(home, shop, Listless()) as desk:
        desk.bring(wanted())
        for how in ("unreachable", UNSENT["no funds"]):
            shop.orders.extend([how] * 4)
            assert desk.engine.resolve(wanted().id, "resubmit").wait(WAIT)
            shop.orders.clear()
        rows = desk.asked(lambda store: store.open_attempts())
        assert [(State.AMBIGUOUS, 2)] == [(row.state, row.number) for row in rows]
        tries = desk.asked(lambda store: [(row.number, row.state) for row in store.run_attempts(rows[0].run)])
        assert [(1, "refused"), (2, "ambiguous")] == sorted(tries)
        assert desk.engine.resolve(wanted().id, "resubmit").wait(WAIT)
        assert (State.SAVED, 3) == (desk.row(wanted()).state, desk.row(wanted()).number)
    assert 2 == len(shop.jobs)


def test_a_second_try_goes_on_where_it_was_only_too_early(home: Path) -> None:
    """A 429 is sent again by itself; what was written off is counted once, and said once the provider may have it twice."""
    shop = Shop()
    shop.orders.extend(["lost after", UNSENT["too early"], "unreachable", "ok"])
    with bench(home, shop, Listless()) as desk:
        run = desk.bring(wanted(), budget=parse_budget(5))
        again = desk.engine.resolve(wanted().id, "resubmit")
        assert again.wait(WAIT)
        assert (["saved"], {"USD": Decimal(1)}, {"USD": Decimal(1)}) == (states(again), again.spent, run.spent)
        assert 1_000_000_000 == desk.asked(lambda store: store.committed(run=run.id, unit="USD"))
    assert 2 == len(shop.jobs)


def test_a_second_try_that_is_proven_absent_has_replaced_nothing(home: Path) -> None:
    """Where the list proves that the second create was not accepted, the first one is open again, and sent again."""
    shop = Shop()
    shop.echo = lambda body: {"prompt": body["prompt"].upper()}  # never wholly equal, so that a person has to say
    shop.orders.append("lost after")
    with bench(home, shop) as desk:
        run = desk.bring(wanted(), budget=parse_budget(5))
        assert ["ambiguous"] == states(run)
        shop.jobs[0]["created"] -= 40 * 86400  # too early to be the second one
        shop.orders.extend(["lost before"] * 9)
        again = desk.engine.resolve(wanted().id, "resubmit")
        assert again.wait(WAIT)
        shop.orders.clear()
        assert (["ambiguous"], {}) == (states(again), again.spent)
        adopted = desk.engine.resolve(wanted().id, "adopt", "job-1")
        assert adopted.wait(WAIT)
        assert ["saved"] == states(adopted)
    assert 1 == len(shop.jobs)


def test_a_later_kernel_knows_what_was_written_off(home: Path) -> None:
    """The second create is proven absent only after the kernel that sent it has ended: the first is open again all the same."""
    shop = Shop()
    shop.echo = lambda body: {"prompt": body["prompt"].upper()}  # never wholly equal, so that a person has to say
    shop.orders.append("lost after")
    with bench(home, shop) as desk:
        run = desk.bring(wanted(), budget=parse_budget(5))
    shop.jobs[0]["created"] -= 40 * 86400  # too early to be the second one
    shop.orders.append("lost before")
    with bench(home, shop, settle=30.0) as desk:
        desk.engine.resolve(wanted().id, "resubmit")
        until(lambda: (2, State.AMBIGUOUS) == (desk.row(wanted()).number, desk.row(wanted()).state))
    with bench(home, shop) as desk:
        found = desk.engine.resume(run.id)
        assert found.wait(WAIT)
        assert (["ambiguous"], {}) == (states(found), found.spent)
        tries = desk.asked(lambda store: [(row.number, row.state, row.charged) for row in store.run_attempts(run.id)])
        assert [(1, "refused", 0), (2, "ambiguous", None)] == sorted(tries)
    assert 1 == len(shop.jobs)


def test_whoever_looked_meanwhile_counts_it_no_longer(home: Path) -> None:
    """A handle that read the ledger while the second create was on its way tells the same as the ledger afterwards."""
    shop = Shop()
    held = Held(shop, reply(402, {"error": "no funds"}))
    shop.orders.append("lost after")
    with bench(home, shop, Listless()) as desk:
        run = desk.bring(wanted(), budget=parse_budget(5))
        shop.orders.append(held)
        again = desk.engine.resolve(wanted().id, "resubmit")
        assert held.came.wait(WAIT)
        joined = desk.engine.resume(run.id)
        assert [{"USD": PRICE_OF_A_COAT}] * 3 == [run.spent, again.spent, joined.spent]
        held.go.set()
        assert again.wait(WAIT)
        assert joined.wait(WAIT)
        assert [{}] * 3 == [run.spent, again.spent, joined.spent]
        adopted = desk.engine.resolve(wanted().id, "adopt", "job-1")
        assert adopted.wait(WAIT)
        assert [{"USD": PRICE_OF_A_COAT}] * 3 == [run.spent, again.spent, joined.spent]


def test_a_word_beforehand_that_comes_to_nothing_leaves_the_first_try_open(real: Handle) -> None:
    """``on_ambiguous="resubmit"`` and no funds for the second try: the row is ambiguous, and what it costs is what was taken."""
    lost, broke = (
        Fault(kind="lost_after", contains="row 1."),
        Fault(kind="status", contains="row 1.", status=402, count=None),
    )
    real.configure(misbehave=[lost, broke])
    results = ng.map(numbered(2), "row {n}.", model=PICTURE, budget=1, on_ambiguous="resubmit", concurrency=1)
    assert ["saved", "ambiguous"] == [one.status for one in results]
    assert {"USD": PRICE} == results.cost
    assert (1, 0) == (attempts("ambiguous"), attempts("failed"))


# Counted -------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("way", ["beforehand", "all", "by id"])
def test_what_was_sent_twice_is_in_the_runs_cost(real: Handle, way: str) -> None:
    """``cost``, the last line, ``ng.runs()`` and the provider say the same."""
    results = left_in_doubt(real, on_ambiguous="resubmit" if way == "beforehand" else "hold")
    if way == "all":
        results.resolve("resubmit")
    for name in results.ambiguous["gen_id"] if way == "by id" else ():
        one = ng.resolve(name, "resubmit")
        assert "saved" == one.status
    assert ["saved"] * 6 == [one.status for one in results]
    assert {"USD": 8 * PRICE} == results.cost
    assert "0.048 USD" in repr(results)
    assert (8, 8 * PRICE) == (accepted(real, "apimodels"), spent())
    runs = ng.runs()
    assert [(results.run, 6, 6, Decimal("0.048"))] == runs.select("run", "rows", "saved", "net").rows()


def test_what_is_taken_up_again_counts_what_was_sent_twice(real: Handle) -> None:
    """The run in a later kernel has cost what it has cost."""
    results = left_in_doubt(real)
    results.resolve("resubmit", 1)
    default_client().close()
    again = ng.resume(results.run)
    assert {"USD": 6 * PRICE} == again.cost
    again.resolve("resubmit")
    assert {"USD": 8 * PRICE} == again.cost
    assert ["saved"] * 6 == [one.status for one in again]


def test_what_is_written_off_is_in_the_cost(real: Handle) -> None:
    """Of all rows, begun together."""
    results = left_in_doubt(real)
    results.resolve("write_off")
    assert ({"USD": 6 * PRICE}, 2) == (results.cost, results.failed.height)


# One run -------------------------------------------------------------------------------------------------------------


def test_all_are_sent_again_together_and_as_part_of_their_run(real: Handle) -> None:
    """All are under way at once; no run of no rows is left in the ledger, and the tag is the run's."""
    doubtful = tuple(range(1, 6))
    results = left_in_doubt(real, 7, doubtful, tag="chapter 3", concurrency=7)
    assert len(doubtful) == results.ambiguous.height
    real.configure(seconds=(60.0, 60.0))
    ng.configure(timeout=0.1)  # the wait ends, and nothing else does
    results.resolve("resubmit")
    until(lambda: len(doubtful) == results.handle.snapshot().states.get("submitted"))
    assert [(results.run, "chapter 3", 7)] == ng.runs().select("run", "tag", "rows").rows()
    assert {"chapter 3"} == set(ng.ledger().frame()["tag"])


def test_one_that_is_sent_again_by_its_id_is_part_of_its_run(real: Handle) -> None:
    """Also in a later kernel."""
    results = left_in_doubt(real, 3, (1,), tag="chapter 3")
    default_client().close()
    assert "saved" == ng.resolve(results.ambiguous["gen_id"][0], "resubmit").status
    assert [(results.run, "chapter 3", 3)] == ng.runs().select("run", "tag", "saved").rows()


def test_a_run_that_goes_on_is_not_waited_for(real: Handle) -> None:
    """Rows of a run in the background are settled on their own, and it goes on as it was."""
    real.configure(misbehave=[Fault(kind="lost_after", service="apimodels", contains="row 0.")])
    results = ng.map(numbered(4), "row {n}.", model=PICTURE, budget=1, background=True, concurrency=1)
    until(lambda: results[0].status == "ambiguous")
    results.pause()
    results.resolve("write_off", 0)
    assert ("failed", False) == (results[0].status, results.handle.done)
    results.go_on()
    results.wait(WAIT)
    assert ["failed", "saved", "saved", "saved"] == [one.status for one in results]
    assert {"USD": 4 * PRICE} == results.cost


def test_equal_rows_are_settled_once(real: Handle) -> None:
    """Two rows that ask for the same share what it brings; it is sent again once, and costs once more."""
    real.configure(misbehave=[Fault(kind="lost_after", service="apimodels")])
    results = ng.map(pl.DataFrame({"n": [5, 5]}), "row {n}.", model=PICTURE, budget=1)
    assert ["ambiguous"] * 2 == [one.status for one in results]
    results.resolve("resubmit")
    assert ["saved"] * 2 == [one.status for one in results]
    assert (2, {"USD": 2 * PRICE}) == (accepted(real, "apimodels"), results.cost)


@pytest.mark.slow
@pytest.mark.parametrize(
    "rows", [np.int64(1), np.array([1]), [np.int32(1)], pl.Series([1]), (1, 1), 1], ids=lambda one: type(one).__name__
)
def test_rows_are_named_by_any_whole_number(real: Handle, rows: object) -> None:
    """What numpy and Polars give is as good as Python's own."""
    results = left_in_doubt(real, 3, (1,))
    results.resolve("write_off", rows)  # type: ignore[arg-type]  # whatever counts
    assert "failed" == results[1].status


@pytest.mark.parametrize("rows", ["1", 1.0, [1.5], [None]], ids=repr)
def test_rows_that_are_no_whole_numbers_are_refused(real: Handle, rows: object) -> None:
    """In our own words, and nothing is done."""
    results = left_in_doubt(real, 3, (1,))
    with pytest.raises(InvalidCall, match="rows takes a row's place"):
        results.resolve("write_off", rows)  # type: ignore[arg-type]  # a slip is the test
    assert 1 == attempts("ambiguous")


def test_the_magic_says_more_too() -> None:
    """``%generate resolve`` takes a budget."""
    from notebookgen.notebook.arguments import Command, parse
    from notebookgen.notebook.spoken import in_flags

    told = in_flags("ng.resolve('ab12', 'resubmit', budget=0.042)")
    assert "%generate resolve ab12 resubmit --budget 0.042" == told
    command = parse(told.removeprefix("%generate "))
    assert isinstance(command, Command)
    assert ({"budget": Decimal("0.042")}, ("ab12", "resubmit")) == (dict(command.options), command.words)


def test_results_that_cannot_settle_say_so(real: Handle) -> None:
    """What is reached through one row shows its run; nothing is silently left undone."""
    results = left_in_doubt(real, 2, (1,))
    with pytest.raises(InvalidCall, match=r"Type: ng\.resolve\('[0-9a-f]{12}', 'write_off'\)"):
        results[1].results.resolve("write_off")
    assert 1 == attempts("ambiguous")


# Stopped -------------------------------------------------------------------------------------------------------------


def test_stop_is_not_a_denial(real: Handle, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who presses Stop while rows are settled is told how these stand."""
    results = left_in_doubt(real, 3, (1,))
    real.configure(seconds=(30.0, 30.0))

    def press(handle: object, timeout: object) -> None:
        raise KeyboardInterrupt

    from notebookgen import client

    monkeypatch.setattr(client, "wait_for", press)
    with pytest.raises(Stopped, match="Stopped"):
        results.resolve("resubmit")
