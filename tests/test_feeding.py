"""Rows of a large run, brought a few at a time: what is in hand does not grow with the run, and none is forgotten."""

from __future__ import annotations

import sqlite3
import threading
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest

from notebookgen.errors import InputError
from notebookgen.jobs.budget import parse_budget
from notebookgen.jobs.delivered import Delivered
from notebookgen.jobs.feeding import AHEAD
from notebookgen.jobs.recalling import recalled
from notebookgen.jobs.runs import LargeRun
from notebookgen.jobs.states import State
from notebookgen.jobs.surveying import Left, survey_of
from notebookgen.jobs.ticket import Wish
from notebookgen.ledger import writing
from notebookgen.ledger.reader import Reader
from notebookgen.ledger.store import FILE_NAME
from notebookgen.records import NO_COST
from scripted import PRICE, WAIT, Bench, Shop, bench, idle, reply, states, until, wanted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from notebookgen.jobs.handle import RunHandle

pytestmark = pytest.mark.usefixtures("hasty")


@dataclass
class Rows:
    """The rows of a run, by their texts; which of them were asked for is remembered."""

    desk: Bench
    texts: Sequence[str | None]
    samples: int = 1
    fresh: bool = False
    made: int = 0

    @property
    def total(self) -> int:
        return len(self.texts)

    def part(self, start: int, stop: int) -> list[Wish | Left]:
        self.made += stop - start
        return [self._row(text) for text in self.texts[start:stop]]

    def _row(self, text: str | None) -> Wish | Left:
        if text is None:
            return Left(State.SKIPPED, InputError("no prompt"), wanted(""))
        return Wish(wanted(text), self.desk.lane, None, NO_COST, samples=1, fresh=self.fresh)

    def priced(self, wish: Wish) -> Wish:
        return replace(wish, price=PRICE)


def begun(desk: Bench, texts: Sequence[str | None], *, budget: Any = "none", **more: Any) -> RunHandle:
    """Begin a run over many rows, as ``map`` does."""
    kind = more.pop("kind", Rows)
    rows = kind(desk, texts, samples=more.pop("samples", 1), fresh=more.pop("fresh", False))
    cap, reader = parse_budget(budget), Reader(desk.home)
    survey = survey_of(rows, reader, budget=cap, present=lambda _: True)

    def asked(index: int) -> Delivered:
        row, sample = divmod(index, rows.samples)
        return Delivered(wanted(texts[row] or "").with_sample(sample))

    def load(indices: Sequence[int]) -> list[Delivered]:
        found = recalled(reader, [survey.id(index) for index in indices])
        return [found[survey.id(index)] for index in indices]

    large = LargeRun(rows, survey, (desk.lane,), ("tailor:coat",), asked, load, cap, **more)
    return desk.engine.start_many(large)


def in_hand(desk: Bench) -> int:
    return desk.engine.call(lambda: len(desk.engine._core.tickets))


@pytest.mark.slow
def test_all_rows_are_brought_in_their_order(home: Path) -> None:
    """Six hundred rows: each is made once, none is forgotten, and they are sent in their order."""
    shop = Shop()
    shop.instant = True
    with bench(home, shop, concurrency=4) as desk:
        handle = begun(desk, [f"coat {number}" for number in range(600)])
        assert handle.wait(60.0), handle.snapshot()
        assert Counter(saved=600) == Counter(states(handle))
    sent = [int(job["sent"]["prompt"].split()[1]) for job in shop.jobs]
    assert sorted(sent) == list(range(600))
    assert all(abs(number - place) < AHEAD for place, number in enumerate(sent))


def test_no_more_are_in_hand_than_may_be(home: Path) -> None:
    """While nothing ends, the engine has its places and a few more in hand, however many rows there are."""
    shop = idle()
    with bench(home, shop, concurrency=4) as desk:
        handle = begun(desk, [f"coat {number}" for number in range(1000)])
        until(lambda: Counter(planned=996, submitted=4) == Counter(states(handle)))
        assert in_hand(desk) == 4 + AHEAD
        handle.stop()
        assert Counter(planned=996, submitted=4) == Counter(states(handle))
        assert 4 == len(shop.jobs)


@pytest.mark.slow
def test_a_line_that_ran_dry_is_filled_again(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All that is in hand is made before the first file is here: when they come, all at once, the run goes on."""
    shop, gate = Shop(), threading.Event()
    shop.instant = True
    with bench(home, shop, concurrency=4) as desk:
        keep = desk.collector.keep

        def slowly(*arguments: Any, **options: Any) -> Any:
            gate.wait(WAIT)
            return keep(*arguments, **options)

        monkeypatch.setattr(desk.collector, "keep", slowly)
        handle = begun(desk, [f"coat {number}" for number in range(300)])
        until(lambda: len(shop.jobs) == 4 + AHEAD)
        gate.set()
        assert handle.wait(WAIT), handle.snapshot()
        assert Counter(saved=300) == Counter(states(handle))


def test_what_is_here_and_what_is_never_sent_is_passed_by(home: Path) -> None:
    """Cached and skipped rows take no place in the line."""
    shop = Shop()
    with bench(home, shop) as desk:
        desk.bring(*(wanted(f"coat {number}") for number in range(20)), budget=parse_budget("none"))
        texts = [None if number % 3 == 0 else f"coat {number}" for number in range(30)]
        handle = begun(desk, texts)
        assert handle.wait(WAIT)
        assert Counter(skipped=10, saved=20) == Counter(states(handle))
    new = [number for number in range(20, 30) if number % 3]
    assert 20 + len(new) == len(shop.jobs)


@pytest.mark.slow
def test_equal_rows_share_wherever_they_stand(home: Path) -> None:
    """Also where the equal one comes long after the first has ended."""
    shop = Shop()
    texts = ["same", *(f"coat {number}" for number in range(300)), "same"]
    with bench(home, shop) as desk:
        handle = begun(desk, texts)
        assert handle.wait(WAIT)
        assert {"saved"} == set(states(handle))
        assert handle.row(0).job == handle.row(301).job
        assert handle.row(301).cached
    assert 301 == len(shop.jobs)


@pytest.mark.parametrize("fresh", [False, True])
def test_samples_of_each_row(home: Path, fresh: bool) -> None:  # noqa: FBT001 - a parametrised fact
    """Each row and sample is one; fresh takes the next unused ones."""
    shop = Shop()
    with bench(home, shop) as desk:
        desk.bring(wanted("a"))
        handle = begun(desk, ["a", "b"], samples=2, fresh=fresh)
        assert handle.wait(WAIT)
        assert ([1, 2, 0, 1] if fresh else [0, 1, 0, 1]) == [row.generation.sample for row in handle.rows()]
    assert (5 if fresh else 4) == len(shop.jobs)


def test_a_budget_ends_the_line(home: Path) -> None:
    """The first row that does not fit is planned with the reason, and so are all after it, those not yet brought, too."""
    shop = Shop()
    with bench(home, shop, concurrency=4) as desk:
        handle = begun(desk, [f"coat {number}" for number in range(500)], budget="5 USD")
        assert handle.wait(WAIT)
        rows = handle.rows()
        assert ["saved"] * 10 + ["planned"] * 490 == [str(row.state) for row in rows]
        assert all("budget" in str(row.error) for row in rows[10:])
    assert 10 == len(shop.jobs)


@pytest.mark.slow
def test_what_is_kept_of_a_row_is_little(home: Path) -> None:
    """After fifteen hundred rows a thousand are in memory; the others are read from the ledger, as they were."""
    shop = Shop()
    shop.instant = True
    with bench(home, shop, concurrency=8) as desk:
        handle = begun(desk, [f"coat {number}" for number in range(1500)])
        assert handle.wait(60.0)
        assert len(handle._book._full) <= 1000
        first = handle.row(0)
        assert ("saved", desk.row(first.generation).job, False) == (str(first.state), first.job, first.cached)
        assert PRICE.amount == first.cost.amount
        assert {} == desk.engine.call(lambda: desk.engine._core.tickets)
        assert not desk.engine.call(lambda: desk.engine._runs.feeding._feeds)
        assert not handle._phases


# Trouble while rows are brought --------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_ledger_that_is_held_while_rows_are_brought_loses_none(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another program holds the file just as rows are to be written down: that is said, and they come once more."""
    monkeypatch.setattr(writing, "BUSY_SECONDS", 0.05)
    held: list[sqlite3.Connection] = []

    class Holding(Rows):
        def part(self, start: int, stop: int) -> list[Wish | Left]:
            if start <= 100 < stop and stop - start < 100 and not held:  # brought, and not looked at before the run
                held.append(sqlite3.connect(home / FILE_NAME, isolation_level=None, check_same_thread=False))
                held[0].execute("BEGIN IMMEDIATE")
            return super().part(start, stop)

    shop = Shop()
    shop.instant = True
    with bench(home, shop, concurrency=4) as desk:
        handle = begun(desk, [f"coat {number}" for number in range(300)], kind=Holding)
        until(lambda: any(note.startswith("waiting: another program") for note in handle.snapshot().notes))
        held[0].close()
        assert handle.wait(60.0), handle.snapshot()
        assert Counter(saved=300) == Counter(states(handle))
    assert 300 == len(shop.jobs)


@pytest.mark.slow
def test_a_row_that_cannot_be_sent_any_more_ends_and_the_run_goes_on(home: Path) -> None:
    """The image of a row is deleted after the run began: that row is invalid and says why; nobody waits for it for ever."""

    class Losing(Rows):
        def part(self, start: int, stop: int) -> list[Wish | Left]:
            gone = Left(State.INVALID, InputError("its image has gone"), wanted("coat 80"))
            rows = super().part(start, stop)
            if start <= 80 < stop and self.made > 90:  # all of them were looked at before the run
                rows[80 - start] = gone
            return rows

    shop = Shop()
    shop.instant = True
    with bench(home, shop, concurrency=4) as desk:
        handle = begun(desk, [f"coat {number}" for number in range(90)], kind=Losing)
        assert handle.wait(WAIT), handle.snapshot()
        assert Counter(saved=89, invalid=1) == Counter(states(handle))
        assert "its image has gone" in str(handle.row(80).error)
    assert 89 == len(shop.jobs)


def test_a_run_whose_last_row_cannot_be_sent_any_more_is_over(home: Path) -> None:
    """Nothing is left that would end it later: it ends there, and the ledger knows."""

    class Losing(Rows):
        def part(self, start: int, stop: int) -> list[Wish | Left]:
            gone = Left(State.INVALID, InputError("its image has gone"), wanted("coat 0"))
            return [gone] * (stop - start) if self.made > 1 else super().part(start, stop)

    with bench(home, Shop()) as desk:
        handle = begun(desk, ["coat 0", "coat 1"], kind=Losing)
        assert handle.wait(WAIT), handle.snapshot()
        assert ["invalid", "invalid"] == states(handle)
        ended = until(lambda: desk.asked(lambda store: store._one("SELECT ended FROM runs")[0]))
    assert ended


def test_a_retry_of_a_run_that_ended_paused_goes_on(home: Path) -> None:
    """Paused with its last row under way, which fails: trying again does not wait for a word that nobody knows of."""
    shop = Shop()
    shop.finished = False
    with bench(home, shop, concurrency=1) as desk:
        wish = Wish(wanted(), desk.lane, None, PRICE)
        handle = desk.engine.start([wish])
        until(lambda: ["submitted"] == states(handle))
        handle.pause()
        shop.finish = lambda job: job.update(phase="failed", error="no wool", charged="0")  # type: ignore[method-assign]  # for once
        shop.finished = True
        assert handle.wait(WAIT)
        del shop.finish
        desk.engine.retry(handle, [0], [wish])
        assert handle.wait(WAIT), handle.snapshot()
    assert ["saved"] == states(handle)


@pytest.mark.slow
def test_stop_just_as_a_retry_begins_sends_nothing_more(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stop comes while the engine is being told: the run it goes on with is stopped like any other."""
    shop, go = Shop(), threading.Event()
    shop.orders.extend(reply(400, {"error": "no"}) for _ in range(40))
    with bench(home, shop, concurrency=2) as desk:
        wishes = [Wish(wanted(f"coat {number}"), desk.lane, None, PRICE) for number in range(40)]
        handle = desk.engine.start(wishes)
        assert handle.wait(WAIT)
        call = desk.engine.call

        def interrupted(work: Any, timeout: float | None = None) -> None:
            call(work, timeout)
            raise KeyboardInterrupt

        shop.orders.extend([lambda request: go.wait(WAIT) and reply(202, shop.accept(request))] * 2)
        monkeypatch.setattr(desk.engine, "call", interrupted)
        with pytest.raises(KeyboardInterrupt):
            desk.engine.retry(handle, range(40), wishes)
        monkeypatch.undo()
        until(lambda: handle.stopped)
        go.set()
        assert handle.wait(WAIT)
    assert 2 >= len(shop.jobs)
