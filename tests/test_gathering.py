"""One list in the place of many looks: what it shows is heard, what it does not show is asked about, and nothing waits for it."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

import notebookgen as ng
from notebookgen.jobs.survival import prior
from notebookgen.testing import FakeClock
from scripted import Bench, Shop, Tailor, bench, idle, reply, states, until, wanted
from three_services import numbered, requests, services

if TYPE_CHECKING:
    from pathlib import Path

    from notebookgen.jobs.handle import RunHandle
    from notebookgen.records import Job
    from notebookgen.wire import HttpRequest, HttpResponse


def begun(desk: Bench, count: int) -> RunHandle:
    """Have so many jobs accepted."""
    handle = desk.start(*(wanted(f"coat {number}") for number in range(count)))
    until(lambda: handle.snapshot().states.get("submitted") == count, "they were not accepted")
    desk.engine.call(lambda: None)  # and what follows from that is done, too
    return handle


def later(desk: Bench, clock: FakeClock, seconds: float) -> bool:
    """Let time pass, a little at a time, with a turn for whatever comes in between; nothing has ended by that alone."""
    for _ in range(max(int(seconds / 0.5), 1)):
        clock.advance(0.5)
        desk.engine.call(lambda: None)
        desk.engine.call(lambda: None)
    return False


def until_over(desk: Bench, clock: FakeClock, handle: RunHandle) -> None:
    """Let time pass until a run is over."""

    def over() -> bool:
        later(desk, clock, 0.5)
        return handle.done

    until(over, f"{handle.snapshot()}")


def test_one_list_answers_all(home: Path) -> None:
    """Eight jobs are looked at with lists, in fewer requests than there are jobs: those that are over come home first."""
    shop, clock = idle(), FakeClock()
    with bench(home, shop, clock=clock, concurrency=16) as desk:
        handle = begun(desk, 8)
        until(lambda: later(desk, clock, 0.5) or shop.seen.get("list"), "no list was asked for")
        for job in shop.jobs[::2]:
            shop.finish(job)
        until(lambda: later(desk, clock, 0.5) or handle.snapshot().states.get("saved") == 4, "half of them came")
        for job in shop.jobs[1::2]:
            shop.finish(job)
        until_over(desk, clock, handle)

    assert ["saved"] * 8 == states(handle)
    # One that is long overdue by what is known may be asked about by itself: lists may lag.
    assert shop.seen["list"] + shop.seen.get("status", 0) < 8


def test_a_job_alone_is_asked_about_by_itself(home: Path) -> None:
    """A list of one would cost as much and say less."""
    shop, clock = Shop(), FakeClock()
    with bench(home, shop, clock=clock) as desk:
        until_over(desk, clock, begun(desk, 1))

    assert (0, 1) == (shop.seen.get("list", 0), shop.seen["status"])


class Hiding(Shop):
    """A shop that leaves a job out of its lists, or shows it without what it made."""

    hidden: str | None = None
    bare = False

    def truth(self, request: HttpRequest) -> HttpResponse:
        answer = super().truth(request)
        if request.purpose != "list" or self.hidden is None:
            return answer
        listed: Any = answer.json()
        kept = [one for one in listed if one["id"] != self.hidden]
        bare = [{**one, "texts": []} for one in listed if one["id"] == self.hidden] if self.bare else []
        return reply(200, [*bare, *kept])


@pytest.mark.parametrize("bare", [False, True])
def test_what_a_list_does_not_show_is_asked_about(home: Path, *, bare: bool) -> None:
    """Absence proves nothing, and a job without its files is not done: that one is looked at by itself, and comes home."""
    shop, clock = Hiding(), FakeClock()
    shop.hidden, shop.bare = "job-2", bare
    with bench(home, shop, clock=clock) as desk:
        handle = begun(desk, 4)
        until_over(desk, clock, handle)

    assert ["saved"] * 4 == states(handle)
    assert 1 <= shop.seen["status"] <= 2 + shop.seen["list"]


@pytest.mark.parametrize(
    "answer", [reply(200, {"no": "list"}), reply(500, {"error": "oops"}), reply(404, {"error": "no lists"}), "bug"]
)
def test_a_list_that_cannot_be_had_holds_nothing_up(home: Path, answer: Any) -> None:
    """Whatever comes in its place: each job is asked about by itself, and lists are tried ever more rarely."""
    shop, clock = Shop(), FakeClock()
    shop.answers["list"] = deque([reply(200, [{"id": 5}]) if answer == "bug" else answer] * 1000)
    with bench(home, shop, clock=clock) as desk:
        handle = begun(desk, 6)
        until_over(desk, clock, handle)

    assert ["saved"] * 6 == states(handle)
    assert 6 <= shop.seen["status"] < 20
    assert shop.seen["list"] < 6


def test_a_list_that_lags_is_found_out(home: Path) -> None:
    """A cache that shows jobs as running for ever does not make them so: what is overdue is asked about by itself."""
    shop, clock = Shop(), FakeClock()

    def stale(_: HttpRequest) -> HttpResponse:
        return reply(200, [{**job, "phase": "running"} for job in shop.jobs])

    shop.answers["list"] = deque([stale] * 10_000)
    with bench(home, shop, clock=clock) as desk:
        handle = begun(desk, 3)
        until_over(desk, clock, handle)

    assert ["saved"] * 3 == states(handle)
    assert 3 <= shop.seen["status"] <= 6


def test_what_newer_jobs_hide_is_asked_about_by_itself(home: Path) -> None:
    """No list is asked for on behalf of a job that a hundred newer ones have pushed off it."""
    shop, clock = Shop(), FakeClock()
    with bench(home, shop, clock=clock) as desk:
        handle = begun(desk, 2)
        next(iter(desk.engine._core.tickets.values())).lane.accepted += 100
        until_over(desk, clock, handle)

    assert ["saved"] * 2 == states(handle)
    assert {"create": 2, "status": 2} == shop.seen


def test_one_list_is_under_way_at_a_time(home: Path) -> None:
    """While one is on its way, jobs that fall due wait for it: they are on it."""
    shop, clock = idle(), FakeClock()
    answers: list[Any] = []

    def held(request: HttpRequest) -> HttpResponse:
        answers.append(request)
        until(lambda: len(answers) > 1, "nobody let it go")
        return shop.truth(request)

    shop.answers["list"] = deque([held])
    with bench(home, shop, clock=clock, concurrency=16) as desk:
        handle = begun(desk, 8)
        until(lambda: later(desk, clock, 0.5) or answers, "no list was asked for")
        later(desk, clock, 20.0)
        seen = dict(shop.seen)
        for job in shop.jobs:
            shop.finish(job)
        answers.append(None)
        until_over(desk, clock, handle)

    assert {"create": 8, "list": 1} == seen
    assert ["saved"] * 8 == states(handle)
    assert {"create": 8, "list": 1} == shop.seen


@pytest.mark.slow
def test_many_jobs_of_a_service_that_lists_cost_hardly_more_than_their_creates(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sixty texts at once over real HTTP, after as many that taught how long they take: at most 1.1 requests a row."""
    counts = []
    with services("embedded", monkeypatch, seconds=(3.0, 4.5), immediate=False) as service:
        ng.configure(concurrency=64)
        for batch in range(2):
            frame = numbered(60, start=60 * batch)
            results = ng.map(frame, "a line about {n}", model="armox:sandbox/text", budget="100000 credits")
            assert ["saved"] * 60 == [one.status for one in results]
            counts.append(requests(service, "armox"))

    assert 60 <= counts[1] - counts[0] <= 66


def test_while_nothing_is_known_lists_come_by_the_age_of_the_jobs(home: Path) -> None:
    """The first is asked for soon, and each wait is a part of the age: who guesses wrong by far is not waited for long."""
    shop, clock = idle(), FakeClock()
    asked: list[float] = []

    def listed(request: HttpRequest) -> HttpResponse:
        asked.append(clock.monotonic())
        return shop.truth(request)

    shop.answers["list"] = deque([listed] * 40)
    with bench(home, shop, clock=clock, concurrency=16) as desk:
        begun(desk, 6)
        start = clock.monotonic()
        lines = desk.engine._watching._gathering._lines
        for _ in range(160):
            clock.advance(0.125)
            desk.engine.call(lambda: None)
            # The clock stands until a list that is asked for is answered.
            until(lambda: desk.engine.call(lambda: not any(line.due for line in lines.values())))

    ages = [one - start for one in asked]
    usual = prior("text").median
    assert 5 <= len(ages) <= 20
    assert ages[0] < usual / 2
    for before, after in pairwise(ages):
        assert 0.2 * min(usual, after) - 0.01 <= after - before <= 0.7 * min(usual, after) + 0.5


@pytest.mark.parametrize("stale_first", [False, True])
def test_a_job_that_is_on_a_list_twice_is_as_far_as_its_furthest_entry(home: Path, *, stale_first: bool) -> None:
    """An old entry beside a newer one hides nothing: what is over is over, wherever it stands."""
    shop, clock = idle(), FakeClock()
    with bench(home, shop, clock=clock, concurrency=16) as desk:
        handle = begun(desk, 4)
        stale = [dict(job) for job in shop.jobs]
        for job in shop.jobs:
            shop.finish(job)
        entries = [*stale, *shop.jobs] if stale_first else [*shop.jobs, *stale]
        shop.answers["list"] = deque([reply(200, entries)] * 3)
        until(lambda: later(desk, clock, 0.5) or shop.seen.get("list"), "no list was asked for")
        until(lambda: later(desk, clock, 0.0) or handle.done, f"{handle.snapshot()}")

    assert (1, 0) == (shop.seen["list"], shop.seen.get("status", 0))
    assert ["saved"] * 4 == states(handle)


def test_a_list_that_only_an_adapters_bug_can_give_holds_nothing_up(home: Path) -> None:
    """Where what was read of a list cannot be used, each job is asked about by itself."""

    class Wrong(Tailor):
        def read_jobs(self, response: HttpResponse) -> tuple[Job, ...]:
            return tuple(replace(job, id=7) for job in super().read_jobs(response))  # type: ignore[arg-type]  # an adapter's bug

    shop, clock = idle(), FakeClock()
    with bench(home, shop, Wrong(), clock=clock, concurrency=16) as desk:
        handle = begun(desk, 8)
        until(lambda: later(desk, clock, 0.5) or shop.seen.get("list"), "no list was asked for")
        shop.finished = True
        until_over(desk, clock, handle)
    assert ["saved"] * 8 == states(handle)


def test_a_job_that_nobody_hears_of_takes_no_place_among_those_at_once(home: Path) -> None:
    """A job that its service does not know any more is put off for hours: the next one goes all the same."""
    shop, clock = idle(), FakeClock()
    with bench(home, shop, clock=clock) as desk:
        desk.lane.gate.pace.jobs = 1
        first = begun(desk, 1)
        gone, shop.jobs[0]["id"] = shop.jobs[0]["id"], "another"
        until_over(desk, clock, first)
        assert ["submitted"] == states(first)
        assert gone != "another"
        second = desk.start(wanted("next"))
        shop.finished = True
        until_over(desk, clock, second)
        assert ["saved"] == states(second)
