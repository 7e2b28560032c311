"""Looks at jobs, in virtual time: few of them, what they teach is kept, and calls that come in between are not lost."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING

import pytest

from notebookgen.jobs.budget import parse_budget
from notebookgen.jobs.states import State
from notebookgen.testing import FakeClock
from scripted import WAIT, Bench, Held, Listless, Tailor, bench, idle, reply, states, until, wanted

if TYPE_CHECKING:
    from pathlib import Path

    from notebookgen.jobs.handle import RunHandle
    from notebookgen.ledger.rows import AttemptRow
    from notebookgen.wire import HttpRequest, HttpResponse


def accepted(desk: Bench, *prompts: str) -> RunHandle:
    """Have jobs accepted."""
    handle = desk.start(*(wanted(prompt) for prompt in prompts))
    until(lambda: handle.snapshot().states.get("submitted") == len(prompts), "they were not accepted")
    desk.engine.call(lambda: None)
    return handle


def later(desk: Bench, clock: FakeClock, seconds: float) -> bool:
    """Let time pass, a little at a time, with turns for looks and their answers; nothing has ended by that alone."""
    for _ in range(round(seconds / 0.25)):
        clock.advance(0.25)
        settled(desk)
    return False


def settled(desk: Bench) -> bool:
    """Wait until every look that is under way is answered and heard; nothing has ended by that alone."""
    tickets = desk.engine._core.tickets

    def quiet() -> bool:
        return bool(desk.engine.call(lambda: not any(one.asking for one in tickets.values())))

    until(quiet, "a look was never answered", pause=0.0005)
    return False


def test_a_text_that_takes_a_second_costs_few_looks_once_that_is_known(home: Path) -> None:
    """Thirty jobs one after the other: the last ten are looked at less often than twice each and found within a second."""
    shop, clock = idle(), FakeClock()
    late: list[float] = []
    counts: list[int] = []
    with bench(home, shop, Listless(), clock=clock) as desk:
        for number in range(30):
            before = shop.seen.get("status", 0)
            handle = accepted(desk, f"text {number}")
            later(desk, clock, 1.0)
            shop.finish(shop.jobs[-1])
            end = clock.monotonic()
            until(lambda: later(desk, clock, 0.25) or handle.done, "it never came")  # noqa: B023 - called at once
            late.append(clock.monotonic() - end)
            counts.append(shop.seen["status"] - before)

    assert sum(counts[-10:]) <= 25
    assert sum(late[-10:]) / 10 <= 1.0  # it is looked at the clock four times a second


def test_the_first_end_brings_the_looks_at_its_like_forward(home: Path) -> None:
    """Where a look is planned for much later than what the first end has taught, it comes sooner."""
    shop, clock = idle(), FakeClock()
    with bench(home, shop, Listless(), clock=clock) as desk:
        handles = [accepted(desk, f"text {number}") for number in range(4)]
        later(desk, clock, 1.0)
        watching = desk.engine._watching
        first, *others = list(desk.engine._core.tickets.values())
        desk.engine.call(lambda: [watching.put_off(one, 100.0) for one in others])
        before = [one.due for one in others]
        shop.finish(shop.jobs[0])
        desk.engine.call(lambda: watching.look(first))
        until(lambda: any(one.done for one in handles), "it never came")
        after = desk.engine.call(lambda: [one.due for one in others])

    assert all(late > soon + 50 for late, soon in zip(before, after, strict=True)), (before, after)


def test_the_clock_begins_anew_where_work_begins(home: Path) -> None:
    """How long a job was queued, and when it was last seen not to be over, stand in the ledger with its end."""
    shop, clock = idle(), FakeClock()
    shop.orders.append(lambda request: reply(202, shop.accept(request) | {"phase": "queued"}))
    with bench(home, shop, Listless(), clock=clock) as desk:
        handle = accepted(desk, "a coat")
        shop.jobs[0]["phase"] = "queued"
        later(desk, clock, 60)
        shop.jobs[0]["phase"] = "running"
        later(desk, clock, 30)
        shop.finish(shop.jobs[0])
        until(lambda: later(desk, clock, 0.5) or handle.done, "it never came")
        row = desk.row(wanted("a coat"))

    assert ["saved"] == states(handle)
    assert 60 == pytest.approx(row.began, abs=6)
    assert row.began < row.lived < row.seconds  # type: ignore[operator]  # all are known
    assert 90 == pytest.approx(row.seconds, abs=8)


def test_a_job_that_was_at_work_when_it_was_first_looked_at_did_not_wait(home: Path) -> None:
    """Creates are often answered with "queued"; what is running at the first look is timed from when it was accepted."""
    shop, clock = idle(), FakeClock()
    shop.orders.append(lambda request: reply(202, shop.accept(request) | {"phase": "queued"}))
    with bench(home, shop, Listless(), clock=clock) as desk:
        handle = accepted(desk, "a coat")
        later(desk, clock, 20)
        shop.finish(shop.jobs[0])
        until(lambda: later(desk, clock, 0.5) or handle.done, "it never came")
        row = desk.row(wanted("a coat"))

    assert None is row.began
    assert 20 == pytest.approx(row.lived, abs=5)


def test_a_failed_job_is_known_to_have_lived(home: Path) -> None:
    """Its end teaches nothing of when others end, but that it did not end before: that stands in the ledger."""
    shop, clock = idle(), FakeClock()
    with bench(home, shop, Listless(), clock=clock) as desk:
        handle = accepted(desk, "a coat")
        later(desk, clock, 40)
        shop.jobs[0] |= {"phase": "failed", "error": "no thread"}
        until(lambda: later(desk, clock, 0.5) or handle.done, "it never came")
        row = desk.row(wanted("a coat"))

    assert (State.FAILED, None, None) == (row.state, row.seconds, row.began)
    assert 40 == pytest.approx(row.lived, abs=6)


def test_what_calls_for_a_look_during_another_one_gets_its_own(home: Path) -> None:
    """The answer on its way may have been given before: the job is looked at once more, at once, and not twice at a time."""
    shop, clock = idle(), FakeClock()
    came, go = threading.Event(), threading.Event()

    def held(_: HttpRequest) -> HttpResponse:
        came.set()
        go.wait(WAIT)
        return reply(200, {**shop.jobs[0], "phase": "running", "texts": []})

    shop.answers["status"] = deque([held])
    with bench(home, shop, Listless(), clock=clock) as desk:
        handle = accepted(desk, "a coat")
        (ticket,) = desk.engine._core.tickets.values()
        desk.engine.call(lambda: desk.engine._watching.look(ticket))
        assert came.wait(WAIT)
        shop.finish(shop.jobs[0])
        desk.engine.call(lambda: desk.engine._watching.look(ticket))
        desk.engine.call(lambda: desk.engine._watching.look(ticket))
        assert 1 == shop.seen["status"]
        go.set()
        assert handle.wait(WAIT)

    assert 2 == shop.seen["status"]


def test_a_job_of_an_earlier_kernel_is_as_old_as_it_is(home: Path) -> None:
    """Who takes it up looks at once, and then as at a job of that age; no duration is told that nobody has seen."""
    shop, clock = idle(), FakeClock()
    with bench(home, shop, Listless(), clock=clock) as desk:
        accepted(desk, "a coat")
    clock.advance(600)
    with bench(home, shop, Listless(), clock=clock) as desk:
        handle = desk.start(wanted("a coat"))
        until(lambda: settled(desk) or shop.seen.get("status"), "nobody looked at it")
        settled(desk)
        (ticket,) = desk.engine._core.tickets.values()
        age, lived = clock.monotonic() - ticket.accepted, ticket.lived
        shop.finish(shop.jobs[0])
        until(lambda: later(desk, clock, 5) or handle.done, "it never came")
        row = desk.row(wanted("a coat"))

    assert 600 == pytest.approx(age, abs=1) == pytest.approx(lived, abs=1)
    assert (State.SAVED, None) == (row.state, row.seconds)


def test_time_left_comes_from_the_same_curves(home: Path) -> None:
    """Nothing is told before a job is known; then what a run usually takes, and more for one that is late."""
    shop, clock = idle(), FakeClock()
    with bench(home, shop, Listless(), clock=clock) as desk:
        for number in range(8):
            handle = accepted(desk, f"coat {number}")
            told = handle.snapshot().expected
            later(desk, clock, 20)
            shop.finish(shop.jobs[-1])
            until(lambda: later(desk, clock, 0.25) or handle.done, "it never came")  # noqa: B023 - called at once
            assert (number == 0) == (told is None)
        last = accepted(desk, "the last coat")
        first = last.snapshot().expected
        later(desk, clock, 60)
        late = last.snapshot()

    assert 10 < first < 35  # type: ignore[operator]  # it is known
    assert 60 < late.expected  # type: ignore[operator]  # likewise


def test_what_could_hide_a_lost_create_goes_as_soon_as_that_is_answered(home: Path) -> None:
    """More creates than a list shows wait for the answer to an early one, and for nothing else."""
    shop, clock = idle(), FakeClock()
    held, number = Held(shop, accepted=True), Tailor.job_list_limit + 20
    shop.orders.append(held)
    with bench(home, shop, clock=clock, concurrency=number) as desk:
        core = desk.engine._core
        handle = desk.start(*(wanted(f"coat {n}") for n in range(number)), budget=parse_budget("none"))

        def sent(open_ones: int) -> int:
            for _ in range(20):  # less than a second; the first ones wait for what the first answers tell
                clock.advance(0.02)
                until(lambda: desk.engine.call(lambda: core.sending <= open_ones), "a create was never answered")
            return shop.seen["create"]

        assert sent(1) < number
        held.go.set()
        assert number == sent(0)
        assert {"submitted": number} == handle.snapshot().states


def test_what_waits_for_its_account_costs_a_turn_nothing(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where hundreds wait for the first answers, the ledger is asked about the next one each time, and not about all."""
    shop, clock, asked = idle(), FakeClock(), list[str]()
    held, number = Held(shop, accepted=True), 200
    shop.orders.extend([held] * number)
    with bench(home, shop, Listless(), clock=clock, concurrency=number) as desk:
        store = desk.store()
        truly = store.last_attempt
        desk.start(*(wanted(f"coat {n}") for n in range(number)), budget=parse_budget("none"))
        until(lambda: 0 < desk.engine.call(lambda: desk.engine._core.sending) < number)

        def told(name: str) -> AttemptRow | None:
            asked.append(name)
            return truly(name)

        monkeypatch.setattr(store, "last_attempt", told)
        for _ in range(5):  # less than the patience after which more leave
            clock.advance(0.03)
            desk.engine.call(lambda: None)
        held.go.set()
        until(lambda: desk.engine.call(lambda: desk.engine._core.sending) == 0)

    assert 0 < len(asked) < number
