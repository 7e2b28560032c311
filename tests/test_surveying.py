"""What would become of every row, before anything is sent: each fate, the order of money, samples and equal rows."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from notebookgen.errors import InputError
from notebookgen.jobs.budget import NO_BUDGET, parse_budget
from notebookgen.jobs.states import State
from notebookgen.jobs.surveying import Fate, Left, Survey, survey_of
from notebookgen.jobs.ticket import Lane, Wish
from notebookgen.ledger.reader import Reader
from notebookgen.records import Cost
from scripted import PRICE, REALM, Bench, Listless, Shop, Tailor, bench, reply, wanted

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("hasty")

LANE = Lane(REALM, Tailor(), Shop())


@dataclass
class Rows:
    """The rows of a run, as texts; None is skipped, an error is invalid."""

    texts: list[str | InputError | None]
    samples: int = 1
    fresh: bool = False
    price: Cost = PRICE
    read: int = 0

    @property
    def total(self) -> int:
        return len(self.texts)

    def part(self, start: int, stop: int) -> list[Wish | Left]:
        self.read = max(self.read, stop - start)
        return [self.row(text) for text in self.texts[start:stop]]

    def row(self, text: str | InputError | None) -> Wish | Left:
        if text is None:
            return Left(State.SKIPPED, InputError("no prompt"), wanted(""))
        if isinstance(text, InputError):
            return Left(State.INVALID, text, wanted(""))
        return Wish(wanted(text), LANE, None, Cost(), samples=1, fresh=self.fresh)

    def priced(self, wish: Wish) -> Wish:
        return replace(wish, price=self.price)


def surveyed(home: Path, *texts: Any, budget: Any = NO_BUDGET, **more: Any) -> Survey:
    return survey_of(Rows(list(texts), **more), Reader(home), budget=budget, present=lambda _: True)


def fates(survey: Survey) -> list[str]:
    return [str(survey.fate(index)) for index in range(len(survey))]


def test_without_a_ledger_all_is_new(home: Path) -> None:
    """Nothing is known, so all is bought; equal rows once, and what is not to be sent never."""
    bad = InputError("too long")
    survey = surveyed(home, "a", "b", "a", None, bad)
    assert ["new", "new", "duplicate", "skipped", "invalid"] == fates(survey)
    assert survey.error is bad
    assert [wanted("a").id, wanted("b").id, wanted("a").id, "", ""] == [survey.id(index) for index in range(5)]
    assert {("tailor:coat", PRICE): 2} == survey.prices
    assert not home.exists()


def test_no_rows(home: Path) -> None:
    """An empty run has no fates."""
    survey = surveyed(home)
    assert (0, [], None) == (len(survey), survey.costs, survey.stops)


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize(
    ("order", "fate"),
    [
        ("ok", "cached"),
        ("lost after", "ambiguous"),
        (reply(400, {"error": "no"}), "new"),
        (reply(200, {"id": "job-9", "phase": "failed", "error": "later"}), "new"),
        ("unreachable", "new"),
    ],
)
def test_the_fate_is_told_by_the_ledger(home: Path, order: Any, fate: str) -> None:
    """Saved is cached; without an answer is ambiguous; refused, failed for now and never sent are bought."""
    shop = Shop()
    shop.orders = deque([order] * 4 if order == "unreachable" else [order])
    with bench(home, shop, Listless()) as desk:
        desk.bring(wanted("a"))
    assert [fate] == fates(surveyed(home, "a"))


def test_what_failed_for_good_is_not_bought_again(home: Path) -> None:
    """Asking again would not mend it."""
    with bench(home, Shop()) as desk:
        desk.bring(wanted("a"))
        desk.asked(lambda store: store._do("UPDATE attempts SET state = 'failed', retryable = 0"))
    assert ["failed"] == fates(surveyed(home, "a"))


@pytest.mark.parametrize("state", ["intent", "submitted", "completed"])
def test_what_is_under_way_is_waited_for(home: Path, state: str) -> None:
    """Whatever stage it is at, it is not bought a second time."""
    with bench(home, Shop()) as desk:
        desk.bring(wanted("a"))
        desk.asked(lambda store: store._do("UPDATE attempts SET state = ?", state))
    assert ["running"] == fates(surveyed(home, "a"))


def test_a_file_that_is_gone_is_to_be_brought_again(home: Path) -> None:
    """It is paid for and not here: asked for again, not bought."""
    with bench(home, Shop()) as desk:
        desk.bring(wanted("a"))
    survey = survey_of(Rows(["a"]), Reader(home), budget=NO_BUDGET, present=lambda _: False)
    assert ["running"] == fates(survey)
    assert not survey.prices


def test_samples_have_fates_of_their_own(home: Path) -> None:
    """The first sample is here; two more of it are bought."""
    with bench(home, Shop()) as desk:
        desk.bring(wanted("a"))
    survey = surveyed(home, "a", "b", samples=3)
    assert ["cached", "new", "new", "new", "new", "new"] == fates(survey)
    assert wanted("a", sample=2).id == survey.id(2)


def test_fresh_looks_past_what_is_here(home: Path) -> None:
    """What was delivered before does not count; equal rows of the run still share."""
    with bench(home, Shop()) as desk:
        desk.bring(wanted("a"))
    assert ["new", "duplicate"] == fates(surveyed(home, "a", "a", fresh=True))


@pytest.mark.parametrize(
    ("budget", "stops"),
    [
        (parse_budget("1 USD"), 3),
        (parse_budget(1.49), 3),
        (parse_budget("1.5 USD"), None),
        (parse_budget("0.1 USD"), 0),
        (parse_budget("5 credits"), 0),
        (parse_budget(None, max_new=2), 3),
        (parse_budget("none"), None),
        (NO_BUDGET, None),
    ],
)
def test_where_a_budget_stops(home: Path, budget: Any, stops: int | None) -> None:
    """Three are new at 0.5 USD each, the equal one costs nothing: the first that does not fit is told."""
    assert stops == surveyed(home, "a", "b", "a", "c", budget=budget).stops


def test_an_unknown_price_does_not_fit_under_a_budget(home: Path) -> None:
    """Unless ``max_new`` bounds how many."""
    assert 0 == surveyed(home, "a", budget=parse_budget("5 USD"), price=Cost()).stops
    assert 1 == surveyed(home, "a", "b", budget=parse_budget("5 USD", max_new=1), price=Cost()).stops


def test_what_it_has_cost_before_is_what_it_is_reckoned_with(home: Path) -> None:
    """The highest of the list and of what was charged; another unit is not compared."""
    with bench(home, Shop()) as desk:
        desk.bring(wanted("before"))
    low = Cost(Decimal("0.1"), "USD", "listed")
    assert [Decimal("0.5")] == [cost.amount for cost in surveyed(home, "a", price=low).costs]
    high = Cost(Decimal(9), "USD", "listed")
    assert [high] == surveyed(home, "a", price=high).costs
    other = Cost(Decimal("0.1"), "credits", "listed")
    assert [other] == surveyed(home, "a", price=other).costs


def test_rows_are_read_a_part_at_a_time(home: Path) -> None:
    """However many there are, a thousand are in hand; what is kept of each is seventeen bytes."""
    rows = Rows([str(number) for number in range(2500)])
    survey = survey_of(rows, Reader(home), budget=NO_BUDGET, present=lambda _: True)
    assert 1000 == rows.read
    assert 2500 == survey.count(Fate.NEW) == len(survey.having(Fate.NEW))
    assert (2500, 40_000) == (len(survey.fates), len(survey.ids))


def test_asking_writes_nothing(home: Path) -> None:
    """A survey leaves the ledger as it is, and can be made while an engine runs."""
    with bench(home, Shop()) as desk:
        desk.bring(wanted("a"))
        before = counted(desk)
        assert ["cached", "new"] == fates(surveyed(home, "a", "b"))
        assert before == counted(desk)


def counted(desk: Bench) -> list[int]:
    tables = ("attempts", "generations", "runs", "run_rows")
    return desk.asked(lambda store: [store._all(f"SELECT count(*) FROM {name}")[0][0] for name in tables])  # noqa: S608 - our own names
