"""Nothing that was paid for is called lost while an address in the ledger leads to it, whatever its job answers."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from notebookgen.jobs import core
from notebookgen.jobs.states import State
from notebookgen.jobs.whereabouts import another_way, known_addresses
from notebookgen.records import Asset, Output
from scripted import Bench, Listless, bench, reply, until, wanted
from test_keeping import Later, Parts, names, service

if TYPE_CHECKING:
    from collections.abc import Callable

ONE = wanted()
NOWHERE = dict.fromkeys(("a-none", "b-none", "c-none"), "gone")
UNHELPFUL: dict[str, Callable[[Any], Any]] = {
    "404": lambda _: reply(404, {"error": "no such job"}),
    "failed": lambda job: reply(200, {**job, "phase": "failed", "urls": [], "error": "no luck", "charged": "0"}),
    "empty": lambda job: reply(200, {**job, "urls": []}),
    "elsewhere": lambda job: reply(200, {**job, "urls": [f"{one}-none" for one in job["urls"]]}),
}


@pytest.fixture(autouse=True)
def _restless(hasty: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put little off for long."""
    monkeypatch.setattr(core, "FIRST_REST", 0.01)
    monkeypatch.setattr(core, "LONGEST_REST", 0.05)


def unhelpful(shop: Parts, answer: str) -> None:
    """Have the service answer about its job in a way that helps nobody to its files."""
    shop.answers["status"] = deque([lambda _: UNHELPFUL[answer](shop.jobs[0])] * 10_000)


@pytest.mark.parametrize("answer", ["404", "failed", "empty"])
def test_a_file_that_left_its_place_comes_from_the_address_in_the_ledger(home: Path, answer: str) -> None:
    """Its job is forgotten, or called failed, or empty: the file is fetched from where it came from, and nothing is bought."""
    with service() as (files, shop, provider), bench(home, shop, provider) as desk:
        first = desk.bring(ONE).row(0)
        charged = desk.row(ONE).charged
        for asset in first.assets:
            Path(asset.path).unlink()
        unhelpful(shop, answer)
        row = desk.bring(ONE).row(0)
        assert (State.SAVED, ["a", "b", "c"], None) == (row.state, names(row), row.error)
        assert (charged, [2, 2, 2]) == (desk.row(ONE).charged, [files.asked.count(name) for name in "abc"])
    assert 1 == shop.seen["create"]


@pytest.mark.parametrize("answer", ["404", "failed", "empty"])
def test_what_can_be_had_in_part_is_tried_at_its_known_address(home: Path, answer: str) -> None:
    """One file was gone for good when it was bought, another one was deleted since: that one comes from its known address."""
    clock = Later()
    with service() as (files, shop, provider), bench(home, shop, provider, clock=clock) as desk:
        files.state["b"] = "gone"
        desk.bring(ONE)
        clock.hours = 200.0
        until(lambda: desk.bring(ONE).row(0).state is State.SAVED and desk.row(ONE).outputs is None)
        row = desk.bring(ONE).row(0)
        assert ["a", "c"] == names(row)
        Path(row.assets[0].path).unlink()
        unhelpful(shop, answer)
        row = desk.bring(ONE).row(0)
        assert (State.SAVED, ["a", "c"]) == (row.state, names(row))


def test_an_address_that_leads_to_another_file_by_now_is_not_believed(home: Path) -> None:
    """Another job's file, or a picture that says it expired, lies there: the job is asked, which names the right places."""
    with service() as (files, shop, provider), bench(home, shop, provider) as desk:
        first = desk.bring(ONE).row(0)
        for asset in first.assets:
            Path(asset.path).unlink()
        files.state = dict.fromkeys("abc", "replaced")
        shop.parts = ("x", "y", "z")
        shop.finish(shop.jobs[0])
        row = desk.bring(ONE).row(0)
        assert (State.SAVED, ["x", "y", "z"]) == (row.state, names(row))
    assert 1 == shop.seen["create"]


def test_a_job_is_asked_where_a_known_address_does_not_answer(home: Path) -> None:
    """The host that had its files is in trouble, perhaps for good: the job names where they are by now."""
    with service() as (files, shop, provider), bench(home, shop, provider) as desk:
        first = desk.bring(ONE).row(0)
        for asset in first.assets:
            Path(asset.path).unlink()
        files.state = dict.fromkeys("abc", "broken")
        shop.parts = ("x", "y", "z")
        shop.finish(shop.jobs[0])
        row = desk.bring(ONE).row(0)
        assert (State.SAVED, ["x", "y", "z"]) == (row.state, names(row))
    assert 1 == shop.seen["create"]


def test_a_known_address_is_tried_again_where_its_job_does_not_help(home: Path) -> None:
    """The host hesitates once, and the job is forgotten: the file is fetched all the same, in the same call."""
    with service() as (files, shop, provider), bench(home, shop, provider) as desk:
        first = desk.bring(ONE).row(0)
        for asset in first.assets:
            Path(asset.path).unlink()
        files.state = dict.fromkeys("abc", "broken")

        def forgotten(_: object) -> Any:
            files.state.clear()
            return UNHELPFUL["404"](None)

        shop.answers["status"] = deque([forgotten] * 10_000)
        row = desk.bring(ONE).row(0)
        assert (State.SAVED, ["a", "b", "c"]) == (row.state, names(row))


@pytest.mark.slow
@pytest.mark.parametrize("answer", ["404", "empty"])
def test_another_file_is_not_taken_for_what_was_paid_for(home: Path, answer: str) -> None:
    """The job helps nobody, and another file lies at the known address: it is not shown as the result, now or later."""
    clock = Later()
    with service() as (files, shop, provider), bench(home, shop, provider, clock=clock) as desk:
        first = desk.bring(ONE).row(0)
        for asset in first.assets:
            Path(asset.path).unlink()
        files.state = dict.fromkeys("abc", "replaced")
        unhelpful(shop, answer)
        row = desk.bring(ONE).row(0)
        assert (State.COMPLETED, ()) == (row.state, row.assets)
        lost(desk, clock)
        row = desk.bring(ONE).row(0)
        assert (State.FAILED, ()) == (row.state, row.assets)
        files.state.clear()
        row = desk.bring(ONE).row(0)
        assert (State.SAVED, ["a", "b", "c"]) == (row.state, names(row))
    assert 1 == shop.seen["create"]


def lost(desk: Bench, clock: Later) -> None:
    """Let time go by until it is called lost."""
    assert State.COMPLETED == desk.row(ONE).state
    clock.hours += 200.0
    until(lambda: desk.row(ONE).state == State.FAILED)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("saved", "answer"),
    [(True, "404"), (True, "empty"), (True, "elsewhere"), (False, "404"), (False, "empty")],
)
def test_what_was_called_lost_comes_home_when_its_address_leads_there_again(
    home: Path, answer: str, *, saved: bool
) -> None:
    """Its addresses led nowhere for days. They do again: the next call finds that, whatever the job answers by then."""
    clock = Later()
    with service() as (files, shop, provider), bench(home, shop, provider, clock=clock) as desk:
        if not saved:
            files.state = dict.fromkeys("abc", "gone")
        first = desk.bring(ONE).row(0)
        for asset in first.assets:
            Path(asset.path).unlink()
        files.state = NOWHERE | dict.fromkeys("abc", "gone")
        if saved:
            desk.bring(ONE)
        lost(desk, clock)
        charged = desk.row(ONE).charged
        unhelpful(shop, answer)
        tried = len(files.asked)
        row = desk.bring(ONE).row(0)
        assert (State.FAILED, 0) == (desk.row(ONE).state, desk.row(ONE).retryable)
        assert "is lost" in str(row.error) or "cannot be had" in str(row.error)
        assert 3 <= len(files.asked) - tried
        assert 4 >= len(str(row.error).splitlines())
        files.state = NOWHERE
        row = desk.bring(ONE).row(0)
        assert (State.SAVED, ["a", "b", "c"], charged) == (row.state, names(row), desk.row(ONE).charged)
    assert 1 == shop.seen["create"]


@pytest.mark.slow
def test_a_job_that_is_called_failed_afterwards_is_believed_only_when_its_files_are_gone(home: Path) -> None:
    """It had named its files before: while they can be had, they are what was paid for."""
    clock = Later()
    with service() as (files, shop, provider), bench(home, shop, provider, clock=clock) as desk:
        files.state = dict.fromkeys("abc", "gone")
        desk.bring(ONE)
        lost(desk, clock)
        unhelpful(shop, "failed")
        files.state.clear()
        row = desk.bring(ONE).row(0)
        assert (State.SAVED, ["a", "b", "c"], 500_000_000) == (row.state, names(row), desk.row(ONE).charged)


@pytest.mark.slow
def test_without_a_job_the_known_addresses_are_tried_again(home: Path) -> None:
    """No job can be asked, so what was called lost is looked for where it was; nothing is bought."""
    clock = Later()
    with service(Listless) as (files, shop, provider), bench(home, shop, provider, clock=clock) as desk:
        shop.orders.append(
            lambda request: reply(200, {**shop.accept(request), "id": None, "phase": "completed", "urls": shop.urls()})
        )
        files.state = dict.fromkeys("abc", "gone")
        desk.bring(ONE)
        lost(desk, clock)
        row = desk.bring(ONE).row(0)
        assert (State.FAILED, True) == (row.state, "is lost" in str(row.error))
        files.state.clear()
        row = desk.bring(ONE).row(0)
        assert (State.SAVED, ["a", "b", "c"]) == (row.state, names(row))
    assert 1 == shop.seen["create"]


def test_addresses_are_tried_once_each_and_by_their_places() -> None:
    """What the ledger was to fetch comes before where files came from before; what is here, or was tried, is left out."""
    asset = Asset("x", "image", "image/png", 1, "0" * 64)
    had = {0: replace(asset, url="u:a"), 2: replace(asset, url="u:c"), 3: asset}
    spare = known_addresses((Output(url="u:new"), Output(text="words")), had)
    words = Output(text="words")
    a, c = Output(url="u:a", sha256=asset.sha256), Output(url="u:c", sha256=asset.sha256)
    assert ((0, Output(url="u:new")), (1, words), (0, a), (2, c)) == spare
    outputs, rest = another_way((), spare, {1: asset})
    assert (((Output(url="u:new"), Output(), c)), ((0, a),)) == (outputs, rest)
    outputs, rest = another_way(outputs, rest, {2: asset})
    assert ((a, Output(), c), ()) == (outputs, rest)
    assert ((), ()) == another_way((Output(url="u:a"),), ((0, Output(url="u:a")),), {})
    assert ((), ()) == another_way((), ((0, Output(url="u:a")),), {0: asset})
