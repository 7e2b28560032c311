"""What was given up as lost: its job is asked once more, for nothing, before it is said that it is lost."""

from __future__ import annotations

from collections import deque
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from notebookgen.errors import JobFailed
from notebookgen.jobs import core
from notebookgen.jobs.states import State
from scripted import Bench, Shop, Tailor, bench, reply, until, wanted
from test_keeping import Files, Later, Parts, service

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from notebookgen.jobs.delivered import Delivered

pytestmark = pytest.mark.slow

ONE = replace(wanted(), kind="image")


@pytest.fixture(autouse=True)
def _restless(hasty: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put little off for long."""
    monkeypatch.setattr(core, "FIRST_REST", 0.01)
    monkeypatch.setattr(core, "LONGEST_REST", 0.05)


@contextmanager
def lost(home: Path, trouble: str = "page") -> Iterator[tuple[Bench, Files, Parts]]:
    """Have something paid for and made, of which the files could not be had for longer than they are kept."""
    clock = Later()
    with service() as (files, shop, provider), bench(home, shop, provider, clock=clock) as desk:
        files.pictures = True
        files.state |= dict.fromkeys("abc", trouble)
        assert State.COMPLETED == desk.bring(ONE).row(0).state
        clock.hours = 200.0
        until(lambda: desk.row(ONE).state == State.FAILED)
        assert (0, 500_000_000) == (desk.row(ONE).retryable, desk.row(ONE).charged)
        yield desk, files, shop


def brought(desk: Bench) -> tuple[Delivered, dict[str, int]]:
    """Run it again; return how it stands, and how many requests of each purpose that took."""
    before = dict(desk.shop.seen)
    row = desk.bring(ONE).row(0)
    return row, {name: count - before.get(name, 0) for name, count in desk.shop.seen.items() if count != before[name]}


@pytest.mark.slow
@pytest.mark.parametrize("trouble", ["page", "gone"])
def test_what_was_lost_comes_home_when_it_can_be_had_again(home: Path, trouble: str) -> None:
    """The page has gone: one question, which is free, and the files are here, at what they cost when they were bought."""
    with lost(home, trouble) as (desk, files, _):
        files.state.clear()
        row, asked = brought(desk)
        assert (State.SAVED, 3, None, {"status": 1}) == (row.state, len(row.assets), row.error, asked)
        assert (True, Decimal("0.5")) == (row.cached, row.cost.amount)
        kept = desk.row(ONE)
        assert ("saved", None, None, None, 500_000_000) == (
            kept.state, kept.retryable, kept.error, kept.unkept, kept.charged,
        )  # fmt: skip
        row, asked = brought(desk)
        assert (State.SAVED, {}) == (row.state, asked)


@pytest.mark.slow
def test_in_another_kernel_as_well(home: Path) -> None:
    """What an earlier kernel gave up is in the ledger, with all that is needed to ask."""
    with lost(home) as (desk, files, _):
        desk.engine.close()
        files.state.clear()
        with bench(home, desk.shop, desk.lane.provider) as other:
            assert (State.SAVED, {"status": 1}) == ((found := brought(other))[0].state, found[1])


def test_what_is_still_lost_is_said_after_one_question(home: Path) -> None:
    """The job is asked, its files are tried once, and it stays what it was; nothing is bought."""
    with lost(home) as (desk, files, _):
        for _ in range(2):
            tried = len(files.asked)
            row, asked = brought(desk)
            assert (State.FAILED, {"status": 1}, 3) == (row.state, asked, len(files.asked) - tried)
            assert isinstance(row.error, JobFailed)
            assert (False, True) == (row.error.retryable, "fresh=True buys it anew" in str(row.error))
            assert ("failed", 0, 500_000_000) == (
                desk.row(ONE).state, desk.row(ONE).retryable, desk.row(ONE).charged,
            )  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (reply(404, {"error": "no such job"}), "knows no such thing"),
        (reply(502, {}), "is broken just now"),
        (reply(200, {"id": "job-99", "phase": "completed"}), "answered about job job-99"),
        (reply(200, {"id": "job-1", "phase": "completed"}), "names no result"),
    ],
    ids=["404", "502", "another job", "no result"],
)
def test_what_its_job_answers_is_said(home: Path, answer: Any, said: str) -> None:
    """A question that brings nothing changes nothing, and the next call asks once more."""
    with lost(home) as (desk, files, shop):
        shop.answers["status"] = deque([answer])
        before = desk.row(ONE)
        row, asked = brought(desk)
        assert (State.FAILED, {"status": 1}, before) == (row.state, asked, desk.row(ONE))
        assert said in str(row.error)
        assert "page or a message" in str(row.error)
        assert 4 >= len(str(row.error).splitlines())
        files.state.clear()
        assert State.SAVED == brought(desk)[0].state


def test_what_comes_in_part_is_kept(home: Path) -> None:
    """Two of three files can be had: they are handed over, and the third is said to be missing."""
    with lost(home) as (desk, files, _):
        files.state = {"b": "gone"}
        row, asked = brought(desk)
        assert (State.SAVED, 2, {"status": 1}) == (row.state, len(row.assets), asked)
        assert "1 of 3 files could not be had" in str(row.error)


@pytest.mark.slow
def test_a_download_that_breaks_opens_it_again(home: Path) -> None:
    """The job names its files, and only the way there is broken: it is fetched by itself from then on."""
    with lost(home) as (desk, files, _):
        files.state = dict.fromkeys("abc", "broken")
        row, _ = brought(desk)
        assert (State.COMPLETED, True) == (row.state, "Nothing is lost" in str(row.error))
        files.state.clear()
        until(lambda: desk.row(ONE).state == State.SAVED)


@contextmanager
def denied(home: Path) -> Iterator[tuple[Bench, Shop]]:
    """Have a job accepted, which its provider does not know for a night."""
    shop, clock = Shop(), Later()
    shop.finished = False
    unknown = deque([reply(404, {"error": "no such job"})] * 10_000)
    with bench(home, shop, Tailor(), clock=clock) as desk:
        shop.answers["status"] = unknown
        assert State.SUBMITTED == desk.bring(ONE).row(0).state
        clock.hours = 7.0
        until(lambda: desk.row(ONE).state == State.FAILED)
        shop.answers.clear()
        yield desk, shop


@pytest.mark.slow
@pytest.mark.parametrize(
    ("told", "state", "charged", "retryable"),
    [
        ({"phase": "completed", "texts": ["made"]}, State.SAVED, 500_000_000, None),
        ({"phase": "failed", "charged": "0", "error": "no luck"}, State.FAILED, 0, None),
        ({"phase": "cancelled", "charged": "0"}, State.CANCELLED, 0, None),
    ],
    ids=["completed", "failed", "cancelled"],
)
def test_a_job_that_is_known_again_ends_as_it_did(
    home: Path, told: dict[str, Any], state: State, charged: int, retryable: int | None
) -> None:
    """Denied over hours and then known again: what became of it is taken, and what it has cost."""
    with denied(home) as (desk, shop):
        shop.jobs[0] |= told
        assert (0, 500_000_000) == (desk.row(ONE).retryable, desk.row(ONE).charged)
        row, kept = desk.bring(ONE).row(0), desk.row(ONE)
        assert (state, charged, retryable, None) == (row.state, kept.charged, kept.retryable, kept.unkept)
    assert 1 == shop.seen["create"]


def test_a_job_that_goes_on_is_waited_for(home: Path) -> None:
    """Known again, and still being made: it is looked after to its end, and counts as under way meanwhile."""
    with denied(home) as (desk, shop):
        handle = desk.start(ONE)
        until(lambda: handle.row(0).state is State.SUBMITTED)
        assert (None, None) == (desk.row(ONE).error, desk.row(ONE).ended)
        shop.jobs[0] |= {"phase": "completed", "texts": ["made"]}
        assert handle.wait(20.0)
        assert State.SAVED == handle.row(0).state
    assert 1 == shop.seen["create"]


def test_two_calls_ask_together(home: Path) -> None:
    """Whoever asks for the same meanwhile waits for the same answer."""
    with lost(home) as (desk, files, _):
        files.state.clear()
        before = desk.shop.seen["status"]
        handles = [desk.start(ONE), desk.start(ONE)]
        assert all(handle.wait(20.0) for handle in handles)
        assert [State.SAVED] * 2 == [handle.row(0).state for handle in handles]
        assert 1 == desk.shop.seen["status"] - before


def test_what_the_provider_itself_gave_up_is_not_asked_again(home: Path) -> None:
    """It said why it failed, so there is nothing more to hear; nothing is sent."""
    shop = Shop()
    shop.instant = True
    with bench(home, shop, Refusing()) as desk:
        assert State.FAILED == desk.bring(ONE).row(0).state
        row, asked = brought(desk)
        assert (State.FAILED, {}, True) == (row.state, asked, "failed before" in str(row.error))


class Refusing(Tailor):
    """A service whose jobs fail for good."""

    def _job(self, data: Any, response: Any) -> Any:
        job = super()._job(data, response)
        return replace(job, phase=type(job.phase)("failed"), outputs=(), error="not this", retryable=False)
